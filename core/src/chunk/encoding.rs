//! The chunk encodings, as the byte in front of the chunk names them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How the samples of a chunk are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Encoding {
    /// Floats; since Prometheus 2.0.
    #[serde(rename = "XOR")]
    Xor = 1,
    /// Integer native histograms; since 2.40.
    #[serde(rename = "histogram")]
    Histogram = 2,
    /// Float native histograms; since 2.42.
    #[serde(rename = "floathistogram")]
    FloatHistogram = 3,
    /// Floats with optional start timestamps; since 3.11.
    #[serde(rename = "XOR2")]
    Xor2 = 4,
    /// Integer native histograms with optional start timestamps; since 3.14.
    #[serde(rename = "histogramST")]
    HistogramStart = 5,
    /// Float native histograms with optional start timestamps; since 3.14.
    #[serde(rename = "floathistogramST")]
    FloatHistogramStart = 6,
}

impl Encoding {
    /// All encodings, by their bytes.
    pub const ALL: [Self; 6] = [
        Self::Xor,
        Self::Histogram,
        Self::FloatHistogram,
        Self::Xor2,
        Self::HistogramStart,
        Self::FloatHistogramStart,
    ];

    /// The encoding that `byte` stands for. In head chunk files bit 7 marks an out-of-order chunk:
    /// clear it first.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Xor),
            2 => Some(Self::Histogram),
            3 => Some(Self::FloatHistogram),
            4 => Some(Self::Xor2),
            5 => Some(Self::HistogramStart),
            6 => Some(Self::FloatHistogramStart),
            _ => None,
        }
    }

    /// The byte that stands for it.
    #[must_use]
    pub const fn byte(self) -> u8 {
        self as u8
    }

    /// That of histograms with float or integer counts, with or without room for start timestamps.
    #[must_use]
    pub const fn of_histogram(float: bool, start_times: bool) -> Self {
        match (float, start_times) {
            (false, false) => Self::Histogram,
            (false, true) => Self::HistogramStart,
            (true, false) => Self::FloatHistogram,
            (true, true) => Self::FloatHistogramStart,
        }
    }

    /// Samples that the header of a chunk can count.
    #[must_use]
    pub const fn max_samples(self) -> u16 {
        match self {
            Self::HistogramStart | Self::FloatHistogramStart => 0x3fff,
            _ => u16::MAX,
        }
    }

    /// Upstream's name of it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Xor => "XOR",
            Self::Histogram => "histogram",
            Self::FloatHistogram => "floathistogram",
            Self::Xor2 => "XOR2",
            Self::HistogramStart => "histogramST",
            Self::FloatHistogramStart => "floathistogramST",
        }
    }

    /// True when the samples are histograms, integer or float.
    #[must_use]
    pub const fn is_histogram(self) -> bool {
        !matches!(self, Self::Xor | Self::Xor2)
    }

    /// True when the samples are histograms whose counts are floats.
    #[must_use]
    pub const fn is_float_histogram(self) -> bool {
        matches!(self, Self::FloatHistogram | Self::FloatHistogramStart)
    }

    /// True when samples can carry start timestamps.
    #[must_use]
    pub const fn has_start_times(self) -> bool {
        matches!(self, Self::Xor2 | Self::HistogramStart | Self::FloatHistogramStart)
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_encodings_are_one_to_one() {
        let known: Vec<Encoding> = (0..=255).filter_map(Encoding::from_byte).collect();
        assert_eq!(known, Encoding::ALL);
        for encoding in Encoding::ALL {
            assert_eq!(Encoding::from_byte(encoding.byte()), Some(encoding));
            assert_eq!(serde_json::to_value(encoding).unwrap(), encoding.name());
        }
    }
}
