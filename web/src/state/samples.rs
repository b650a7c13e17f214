//! The sample directories that come with the page: real ones, made by real servers.

/// A sample directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// Its name in addresses and file names.
    pub name: &'static str,
    /// What to call it.
    pub title: &'static str,
    /// What it shows, in a sentence.
    pub shows: &'static str,
    /// The query that shows it best.
    pub query: &'static str,
}

/// All of them, the one to begin with first.
pub const SAMPLES: &[Sample] = &[
    Sample {
        name: "server",
        title: "A server that was killed",
        shows: "Twelve minutes of Prometheus 2.42, scraping every second until SIGKILL: five \
                blocks of three levels, a head in two chunk files, a WAL with its checkpoint, \
                deletions and native histograms.",
        query: "mode:cpu:rate1m",
    },
    Sample {
        name: "out-of-order",
        title: "Late samples",
        shows: "Five minutes of Prometheus 3.5 with remote writes that arrive late: an \
                out-of-order block, out-of-order head chunks and their own log (WBL), zstd \
                records, every kind of histogram.",
        query: "rw_ooo",
    },
    Sample {
        name: "overlap",
        title: "Blocks that overlap",
        shows: "Seven blocks by the 3.14 block writer that cover the same hours, with equal, \
                interleaved and conflicting samples, and holes between them.",
        query: "noise",
    },
    Sample {
        name: "wide",
        title: "Many series",
        shows: "1200 series, 150 values of one label, odd and empty ones among them: labels to \
                try matchers on.",
        query: "wide_0{b=~\"v00.+\"}",
    },
    Sample {
        name: "damaged",
        title: "A damaged log",
        shows: "One bit of a WAL record is flipped. Prometheus drops everything behind it; here \
                the undamaged rest stays readable, and the bit has an address.",
        query: "m",
    },
];

/// The sample called `name`.
#[must_use]
pub fn find(name: &str) -> Option<&'static Sample> {
    SAMPLES.iter().find(|sample| sample.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_has_its_archive() {
        for sample in SAMPLES {
            let path = format!("{}/demo/{}.tar.gz", env!("CARGO_MANIFEST_DIR"), sample.name);
            assert!(std::fs::metadata(&path).is_ok_and(|file| file.len() > 0), "{path}");
            assert_eq!(find(sample.name), Some(sample));
        }
    }
}
