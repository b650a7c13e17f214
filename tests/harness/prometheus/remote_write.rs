//! Giving a server one sample: remote write over plain HTTP, by hand.
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

/// The body of a request that writes one sample.
pub(super) fn body(labels: &[(String, String)], time: i64, value: f64) -> Vec<u8> {
    let mut series = Vec::new();
    for (name, text) in labels {
        let mut label = Vec::new();
        put_bytes(&mut label, 1, name.as_bytes());
        put_bytes(&mut label, 2, text.as_bytes());
        put_bytes(&mut series, 1, &label);
    }
    let mut sample = vec![(1 << 3) | 1]; // field 1, eight bytes
    sample.extend(value.to_le_bytes());
    sample.push(2 << 3); // field 2, varint
    put_varint(&mut sample, time as u64);
    put_bytes(&mut series, 2, &sample);
    let mut request = Vec::new();
    put_bytes(&mut request, 1, &series);

    let mut body = Vec::new();
    put_varint(&mut body, request.len() as u64);
    body.push(63 << 2); // a literal whose length takes four bytes
    body.extend((request.len() as u32 - 1).to_le_bytes());
    body.extend(request);
    body
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
