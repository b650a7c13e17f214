//! What a person chose about the page: looks, clock, what lies over it.

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// As the system has it.
    #[default]
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// Which clock times are shown by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Zone {
    /// UTC.
    #[default]
    Utc,
    /// The zone of this machine.
    Local,
}

/// What stays from visit to visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settings {
    /// Light or dark.
    pub theme: Theme,
    /// Which clock.
    pub zone: Zone,
}

/// What lies over the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Overlay {
    /// Nothing.
    #[default]
    None,
    /// The keys and what they do.
    Help,
    /// The command palette.
    Palette,
}

impl Settings {
    /// As text, to be kept between visits.
    #[must_use]
    pub fn print(&self) -> String {
        format!("{:?} {:?}", self.theme, self.zone)
    }

    /// Reads what [`Settings::print`] wrote; nonsense gives the default.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut words = text.split(' ');
        let theme = match words.next() {
            Some("Light") => Theme::Light,
            Some("Dark") => Theme::Dark,
            _ => Theme::Auto,
        };
        let zone = if words.next() == Some("Local") { Zone::Local } else { Zone::Utc };
        Self { theme, zone }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_a_visit() {
        for theme in [Theme::Auto, Theme::Light, Theme::Dark] {
            for zone in [Zone::Utc, Zone::Local] {
                let settings = Settings { theme, zone };
                assert_eq!(Settings::parse(&settings.print()), settings);
            }
        }
        assert_eq!(Settings::parse("nonsense"), Settings::default());
    }
}
