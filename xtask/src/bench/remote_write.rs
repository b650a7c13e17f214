//! Giving samples to a server: remote write over plain HTTP, by hand.
//!
//! The body is protobuf inside snappy. Snappy allows one literal for everything, so nothing has to
//! be compressed. Field numbers are those of Prometheus' remote write 1.0:
//!
//! ```text
//! WriteRequest  1 timeseries…
//! TimeSeries    1 labels…  2 samples…
//! Label         1 name     2 value
//! Sample        1 value (double)  2 timestamp (varint)
//! ```

use super::series::Series;
use crate::Outcome;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

/// A kept-alive connection to a server's remote write.
pub(super) struct RemoteWrite {
    stream: TcpStream,
    address: SocketAddr,
}

impl RemoteWrite {
    /// Connects.
    pub(super) fn connect(address: SocketAddr) -> Outcome<RemoteWrite> {
        let stream = TcpStream::connect(address).map_err(|e| format!("cannot reach it: {e}"))?;
        stream.set_nodelay(true).map_err(|e| format!("cannot set up the connection: {e}"))?;
        Ok(RemoteWrite { stream, address })
    }

    /// Sends the next sample of each series, all at `time`: what one scrape of a target gives.
    pub(super) fn scrape(&mut self, target: &mut [Series], time: i64) -> Outcome {
        let mut request = Vec::with_capacity(target.len() * 160);
        for series in target {
            put_bytes(&mut request, 1, &time_series(series, time));
        }
        let mut body = Vec::with_capacity(request.len() + 16);
        put_varint(&mut body, request.len() as u64);
        body.push(63 << 2); // a literal whose length takes four bytes
        body.extend((request.len() as u32 - 1).to_le_bytes());
        body.extend(request);
        self.post(&body)
    }

    fn post(&mut self, body: &[u8]) -> Outcome {
        let head = format!(
            "POST /api/v1/write HTTP/1.1\r\nHost: {}\r\nContent-Encoding: snappy\r\n\
             Content-Type: application/x-protobuf\r\nX-Prometheus-Remote-Write-Version: 0.1.0\r\n\
             Content-Length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        let sent =
            self.stream.write_all(head.as_bytes()).and_then(|()| self.stream.write_all(body));
        sent.map_err(|e| format!("cannot send samples: {e}"))?;
        let answer = self.answer().map_err(|e| format!("the server does not answer: {e}"))?;
        if answer.starts_with("HTTP/1.1 2") {
            Ok(())
        } else {
            Err(format!("the server refuses samples: {answer}"))
        }
    }

    /// One answer. A good one has no body; of a bad one the rest does not matter.
    fn answer(&mut self) -> std::io::Result<String> {
        let mut bytes = Vec::new();
        let mut buffer = [0; 4096];
        while !bytes.windows(4).any(|end| end == b"\r\n\r\n") {
            let n = self.stream.read(&mut buffer)?;
            if n == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            bytes.extend_from_slice(&buffer[..n]);
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

fn time_series(series: &mut Series, time: i64) -> Vec<u8> {
    let mut out = Vec::with_capacity(160);
    for (name, value) in &series.labels {
        let mut label = Vec::with_capacity(48);
        put_bytes(&mut label, 1, name.as_bytes());
        put_bytes(&mut label, 2, value.as_bytes());
        put_bytes(&mut out, 1, &label);
    }
    let mut sample = Vec::with_capacity(20);
    sample.push((1 << 3) | 1); // field 1, eight bytes
    sample.extend(series.next().to_le_bytes());
    sample.push(2 << 3); // field 2, varint
    put_varint(&mut sample, time as u64);
    put_bytes(&mut out, 2, &sample);
    out
}

fn put_bytes(out: &mut Vec<u8>, field: u8, bytes: &[u8]) {
    out.push((field << 3) | 2);
    put_varint(out, bytes.len() as u64);
    out.extend(bytes);
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_cut_into_sevens() {
        let mut out = Vec::new();
        put_varint(&mut out, 300);
        assert_eq!(out, [0xac, 0x02]);
    }
}
