//! Any other pattern, as a lazy DFA.

use std::fmt;

use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{self, NFA, WhichCaptures, pikevm::PikeVM};
use regex_automata::util::pool::Pool;
use regex_automata::{Anchored, Input, MatchKind};
use regex_syntax::hir::{Class, Hir, Look, Repetition};

use super::syntax::Node;

/// The most memory that the states of one pattern may take. `\pL{1000}` would take more.
const MAX_STATES_SIZE: usize = 8 << 20;

/// A pattern that is anchored at both ends.
pub(super) struct Automaton {
    dfa: DFA,
    /// Each search takes one: the DFA is built in it as it goes.
    caches: Pool<Cache, Box<dyn Fn() -> Cache + Send + Sync>>,
}

impl fmt::Debug for Automaton {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Automaton")
    }
}

impl Automaton {
    /// The automaton of a pattern. An error is a sentence.
    pub(super) fn new(node: &Node) -> Result<Self, &'static str> {
        const TOO_LARGE: &str = "a pattern that is too large";
        let whole = vec![Hir::look(Look::Start), lower(node), Hir::look(Look::End)];
        let config = thompson::Config::new()
            .which_captures(WhichCaptures::None)
            .nfa_size_limit(Some(MAX_STATES_SIZE));
        let nfa = NFA::compiler()
            .configure(config)
            .build_from_hir(&Hir::concat(whole))
            .map_err(|_| TOO_LARGE)?;
        // Whether there is a match does not depend on which alternative is preferred.
        let config = DFA::config().match_kind(MatchKind::All).skip_cache_capacity_check(true);
        let dfa = DFA::builder().configure(config).build_from_nfa(nfa).map_err(|_| TOO_LARGE)?;
        let own = dfa.clone();
        let caches: Pool<Cache, Box<dyn Fn() -> Cache + Send + Sync>> =
            Pool::new(Box::new(move || own.create_cache()));
        Ok(Self { dfa, caches })
    }

    /// True when `value` matches.
    pub(super) fn matches(&self, value: &str) -> bool {
        let input = Input::new(value).anchored(Anchored::Yes).earliest(true);
        match self.dfa.try_search_fwd(&mut self.caches.get(), &input) {
            Ok(found) => found.is_some(),
            Err(_) => self.matches_slowly(&input),
        }
    }

    /// For a search that the DFA gives up. It is not configured to.
    #[cold]
    fn matches_slowly(&self, input: &Input<'_>) -> bool {
        PikeVM::new_from_nfa(self.dfa.get_nfa().clone())
            .is_ok_and(|machine| machine.is_match(&mut machine.create_cache(), input.clone()))
    }
}

/// Nodes in the form that the engine compiles. Depth is limited by the parser.
fn lower(node: &Node) -> Hir {
    match node {
        Node::Empty => Hir::empty(),
        Node::Literal(c) => Hir::literal(c.to_string().into_bytes()),
        Node::Class(class) => Hir::class(Class::Unicode(class.clone())),
        Node::Look(look) => Hir::look(*look),
        Node::Repeat { part, min, max, .. } => Hir::repetition(Repetition {
            min: *min,
            max: *max,
            greedy: true,
            sub: Box::new(lower(part)),
        }),
        Node::Sequence(parts) => Hir::concat(parts.iter().map(lower).collect()),
        Node::Choice(choices) => Hir::alternation(choices.iter().map(lower).collect()),
    }
}
