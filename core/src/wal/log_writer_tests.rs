//! What is logged reads back; what fails leaves a log that reads back.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::super::{Compression, LogReader, RecordDecoder, SegmentReader, StartTimes, SyncPolicy};
use super::*;
use crate::error::FailureKind;
use crate::storage::{Entry, Memory, ReadFile};

fn options(pages: u64, compression: Compression) -> LogOptions {
    let sync = SyncPolicy::SegmentEnd;
    LogOptions { segment_size: pages * PAGE_SIZE as u64, compression, sync }
}

fn batch(records: &[&[u8]]) -> RecordBatch {
    let mut batch = RecordBatch::default();
    records.iter().for_each(|record| batch.push(record));
    batch
}

/// Everything that the log in `wal` holds, and where.
fn read(storage: &Arc<dyn Storage>) -> Vec<(RecordPosition, Vec<u8>)> {
    let segments = Log::list(storage.as_ref(), "wal").unwrap().segments;
    let mut log = LogReader::apart(Arc::clone(storage), segments, 0);
    let mut records = Vec::new();
    while log.advance().unwrap() {
        let segment = log.segment().unwrap().number;
        let record = log.record().unwrap().unwrap();
        let at = RecordPosition { segment, start: record.start, end: record.end };
        records.push((at, record.payload.to_vec()));
    }
    records
}

fn bytes_of(storage: &dyn Storage, path: &str) -> Vec<u8> {
    let file = storage.open(path).unwrap();
    file.view(0..file.len()).unwrap().into_owned()
}

fn hex(digits: &str) -> Vec<u8> {
    let digits: String = digits.split_whitespace().collect();
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}

#[test]
fn what_is_logged_reads_back_from_where_it_was_said_to_be() {
    for compression in [Compression::None, Compression::Snappy, Compression::Zstd] {
        let storage: Arc<dyn Storage> = Arc::new(Memory::default());
        let mut expected = Vec::new();
        let mut seed = 7u32;
        for _ in 0..3 {
            let options = options(4, compression);
            let mut writer = LogWriter::open(Arc::clone(&storage), "wal", options).unwrap();
            for _ in 0..40 {
                let mut batch = RecordBatch::default();
                for _ in 0..seed % 4 {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let length = [0, 1, 100, 32_761, 32_762, 50_000][(seed >> 16) as usize % 6];
                    let noise = |at: u32| if at % 9 < 6 { 1 } else { (at ^ seed) as u8 };
                    batch.push(&(0..length).map(noise).collect::<Vec<_>>());
                }
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let positions = writer.log(&batch).unwrap().to_vec();
                let payloads = batch.iter().map(<[u8]>::to_vec);
                expected.extend(positions.into_iter().zip(payloads));
            }
        }
        let found = read(&storage);
        assert!(found == expected, "{compression:?}");
        let cut = found.last().unwrap().0.segment > 3;
        assert!(cut || compression != Compression::None, "segments were cut");
        for segment in Log::list(storage.as_ref(), "wal").unwrap().segments {
            let finished = segment.number < found.last().unwrap().0.segment;
            assert!(!finished || segment.len % 32768 == 0 || segment.len < 4 * 32768);
        }
    }
}

#[test]
fn the_tiny_database_of_the_sheet_is_written_byte_for_byte() {
    let wal =
        hex("010056ec6a6c3f01000000000000000102085f5f6e616d655f5f027570036a6f6201610000000000
        00000203085f5f6e616d655f5f027570036a6f620162047a6f6e65026575000000000000000301085f5f6e616d65
        5f5f046869737401008afe571a5202000000000000000100000000000003e800003ff0000000000000
        00d00f3ff000000000000000a01f000000000000000000f02e400400000000000000c03e7ff0000000000002
        00904e401c00000000000000e05d401c00000000000000b06d401c00000000000000807d401c00000000000000d0
        8c01401c00000000000002e807bff0000000000000010033 4e438b61 0700000000
        0000000300000000000007d00000000237f0000000000000010540240000000000000200020202000402000203
        00");
    let wbl = hex("0100110b48ae730500000000000000010000000000000000
        010026ea4363590200000000000000010000000000000bb80000401c00000000000000e7074020000000000000
        01002e6de069670700000000000000010000000000000a2800000000000000000000000000013ff00000000000
        0001000100010200");
    for written in [wal, wbl] {
        let given = Memory::default();
        given.put("log/00000000", written.clone()).unwrap();
        let mut reader = SegmentReader::open(&given, "log/00000000", 0).unwrap();
        let (mut decoder, mut again) = (RecordDecoder::default(), RecordBatch::default());
        while let Some(record) = reader.next().unwrap() {
            let record = decoder.decode(&record, "log/00000000").unwrap();
            again.push_record(record, StartTimes::Dropped);
        }
        let storage: Arc<dyn Storage> = Arc::new(Memory::default());
        let options = options(4, Compression::None);
        let mut writer = LogWriter::open(Arc::clone(&storage), "wal", options).unwrap();
        assert_eq!(writer.log(&again).unwrap().len(), 3);
        assert_eq!(bytes_of(storage.as_ref(), "wal/00000000"), written);
        writer.close().unwrap();
        let padded = bytes_of(storage.as_ref(), "wal/00000000");
        assert_eq!((padded.len(), &padded[..written.len()]), (PAGE_SIZE, &written[..]));
        assert!(padded[written.len()..].iter().all(|byte| *byte == 0));
    }
}

#[test]
fn every_open_begins_a_segment_and_an_empty_one_stays_empty() {
    let memory = Memory::default();
    memory.put("wal/00000007", vec![]).unwrap();
    let storage: Arc<dyn Storage> = Arc::new(memory.clone());
    let open = || LogWriter::open(Arc::clone(&storage), "wal", LogOptions::default());
    assert_eq!(open().unwrap().segment(), 8);
    let mut writer = open().unwrap();
    writer.next_segment().unwrap();
    assert_eq!((writer.segment(), writer.offset()), (10, 0));
    writer.log(&batch(&[b"x"])).unwrap();
    writer.close().unwrap();
    let log = Log::list(storage.as_ref(), "wal").unwrap();
    let lens: Vec<_> = log.segments.iter().map(|segment| (segment.number, segment.len)).collect();
    assert_eq!(lens, [(7, 0), (8, 0), (9, 0), (10, 32768)]);
    storage.remove("wal/00000008").unwrap();
    let error = open().unwrap_err().to_string();
    let expected = "segments are not sequential: wal/00000009 follows wal/00000007";
    assert_eq!(error, expected);
}

#[test]
fn a_log_goes_on_behind_its_checkpoint() {
    let memory = Memory::default();
    memory.put("wal/checkpoint.00000004/00000000", vec![]).unwrap();
    let storage: Arc<dyn Storage> = Arc::new(memory.clone());
    let open = || LogWriter::open(Arc::clone(&storage), "wal", LogOptions::default());
    assert_eq!(open().unwrap().segment(), 5);
    storage.remove("wal/00000005").unwrap();
    memory.put("wal/00000003", vec![]).unwrap();
    let error = open().unwrap_err().to_string();
    assert!(error.contains("stands for all up to 4"), "{error}");
}

#[test]
fn a_batch_larger_than_a_segment_makes_it_longer() {
    let storage: Arc<dyn Storage> = Arc::new(Memory::default());
    let options = options(1, Compression::None);
    let mut writer = LogWriter::open(Arc::clone(&storage), "wal", options).unwrap();
    let large = vec![1; 100_000];
    for _ in 0..2 {
        writer.log(&batch(&[&large])).unwrap();
    }
    assert_eq!(writer.segment(), 1, "an empty segment is not left for it");
    assert_eq!(read(&storage).len(), 2);
}

/// A disk that can be full, or fail, and that counts what is made durable.
#[derive(Debug, Clone, Default)]
struct Disk {
    memory: Memory,
    /// Bytes that still fit.
    room: Arc<AtomicU64>,
    syncs: Arc<AtomicU64>,
    /// What a full disk leaves of the bytes that did not fit is not cut off again.
    torn: bool,
    no_sync: bool,
    /// What was done, in order: syncs of files and creations.
    story: Arc<Mutex<Vec<String>>>,
}

#[derive(Debug)]
struct DiskFile {
    disk: Disk,
    path: String,
    file: Box<dyn WriteFile>,
}

impl Storage for Disk {
    fn name(&self) -> String {
        "disk".to_owned()
    }
    fn list(&self, path: &str) -> Result<Vec<Entry>> {
        self.memory.list(path)
    }
    fn open(&self, path: &str) -> Result<Arc<dyn ReadFile>> {
        self.memory.open(path)
    }
    fn create(&self, path: &str) -> Result<Box<dyn WriteFile>> {
        self.story.lock().unwrap().push(format!("create {path}"));
        let file = self.memory.create(path)?;
        Ok(Box::new(DiskFile { disk: self.clone(), path: path.to_owned(), file }))
    }
    fn sync_directory(&self, path: &str) -> Result<()> {
        let path = if path.is_empty() { "the root" } else { path };
        self.story.lock().unwrap().push(format!("sync {path}"));
        Ok(())
    }
}

impl WriteFile for DiskFile {
    fn len(&self) -> u64 {
        self.file.len()
    }
    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        let room = self.disk.room.load(Ordering::Relaxed);
        if room < bytes.len() as u64 {
            if self.disk.torn {
                self.file.append(&bytes[..room as usize])?;
            }
            return Err(Error::storage("write", &self.path, FailureKind::NoSpace, "disk full"));
        }
        self.disk.room.fetch_sub(bytes.len() as u64, Ordering::Relaxed);
        self.file.append(bytes)
    }
    fn sync(&mut self) -> Result<()> {
        if self.disk.no_sync {
            return Err(Error::storage("sync", &self.path, FailureKind::Other, "I/O error"));
        }
        self.disk.syncs.fetch_add(1, Ordering::Relaxed);
        self.disk.story.lock().unwrap().push(format!("sync {}", self.path));
        self.file.sync()
    }
    fn close(self: Box<Self>) -> Result<()> {
        self.file.close()
    }
}

#[test]
fn a_full_disk_refuses_whole_batches_and_the_log_goes_on_when_there_is_space() {
    let disk = Disk { room: Arc::new(AtomicU64::new(100)), ..Disk::default() };
    let storage: Arc<dyn Storage> = Arc::new(disk.clone());
    let mut writer =
        LogWriter::open(Arc::clone(&storage), "wal", options(1, Compression::None)).unwrap();
    writer.log(&batch(&[b"one"])).unwrap();
    let error = writer.log(&batch(&[b"two", &[2; 200]])).unwrap_err();
    assert!(error.to_string().contains("disk full"), "{error}");
    assert_eq!(writer.offset(), 10, "nothing of the batch is there");
    writer.log(&batch(&[b"three"])).unwrap();
    // The next segment cannot be begun, for the rest of this one cannot be filled.
    assert!(writer.log(&batch(&[&[4; 40_000]])).is_err());
    disk.room.store(1 << 20, Ordering::Relaxed);
    writer.log(&batch(&[&[5; 40_000]])).unwrap();
    let records: Vec<_> = read(&storage).into_iter().map(|(_, record)| record).collect();
    assert_eq!(records, [b"one".to_vec(), b"three".to_vec(), vec![5; 40_000]]);
}

#[test]
fn behind_a_torn_batch_nothing_is_logged() {
    let room = Arc::new(AtomicU64::new(15));
    let storage: Arc<dyn Storage> = Arc::new(Disk { room, torn: true, ..Disk::default() });
    let mut writer =
        LogWriter::open(Arc::clone(&storage), "wal", options(1, Compression::None)).unwrap();
    writer.log(&batch(&[b"one"])).unwrap();
    let error = writer.log(&batch(&[b"two"])).unwrap_err();
    assert_eq!(writer.log(&batch(&[b""])).unwrap_err(), error, "the first error, again");
    assert_eq!(writer.next_segment().unwrap_err(), error);
    assert_eq!(writer.sync_if_due(0).unwrap_err(), error);
    assert_eq!(writer.close().unwrap_err(), error);
}

#[test]
fn a_sync_that_failed_is_the_end() {
    let room = Arc::new(AtomicU64::new(100));
    let storage: Arc<dyn Storage> = Arc::new(Disk { room, no_sync: true, ..Disk::default() });
    let policy = LogOptions { sync: SyncPolicy::EveryCommit, ..options(1, Compression::None) };
    let mut writer = LogWriter::open(storage, "wal", policy).unwrap();
    assert!(writer.sync_if_due(0).unwrap(), "there is nothing to sync");
    writer.log(&batch(&[b"one"])).unwrap();
    let error = writer.sync_if_due(1).unwrap_err();
    assert_eq!(writer.log(&batch(&[b"two"])).unwrap_err(), error);
    assert!(!writer.is_durable());
}

#[test]
fn policies_sync_when_they_promise() {
    let syncs = |sync: SyncPolicy, times: &[Timestamp]| {
        let disk = Disk { room: Arc::new(AtomicU64::new(1 << 20)), ..Disk::default() };
        let storage: Arc<dyn Storage> = Arc::new(disk.clone());
        let options = LogOptions { sync, ..options(1, Compression::None) };
        let mut writer = LogWriter::open(storage, "wal", options).unwrap();
        let mut told = Vec::new();
        for time in times {
            writer.log(&batch(&[b"commit"])).unwrap();
            told.push(writer.sync_if_due(*time).unwrap());
        }
        (disk.syncs.load(Ordering::Relaxed), told)
    };
    assert_eq!(syncs(SyncPolicy::SegmentEnd, &[0, 10, 20]), (0, vec![false; 3]));
    assert_eq!(syncs(SyncPolicy::EveryCommit, &[0, 0, 0]), (3, vec![true; 3]));
    let timed = syncs(SyncPolicy::Every(10), &[0, 9, 10, 11, 30]);
    assert_eq!(timed, (2, vec![false, false, true, false, true]));
}

#[test]
fn a_segment_is_durable_before_the_next_one_exists() {
    let disk = Disk { room: Arc::new(AtomicU64::new(1 << 20)), ..Disk::default() };
    let storage: Arc<dyn Storage> = Arc::new(disk.clone());
    let mut writer = LogWriter::open(storage, "wal", options(1, Compression::None)).unwrap();
    writer.log(&batch(&[b"one"])).unwrap();
    writer.next_segment().unwrap();
    assert!(writer.is_durable());
    let story = disk.story.lock().unwrap().join(", ");
    let expected = "create wal/00000000, sync wal, sync the root, sync wal/00000000, \
         create wal/00000001, sync wal";
    assert_eq!(story, expected);
}
