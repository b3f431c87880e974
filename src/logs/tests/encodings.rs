//! Compression, byte order marks, UTF-16, and what can be wrong with them.

use std::io::Write as _;
use std::sync::Arc;

use super::*;

#[test]
fn compressed_and_utf_16_input_reads_the_same() {
    let plain = format!("{A}\r\n{B}\r\n");
    let expected = shown(plain.as_bytes(), &Options::default());
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(plain.as_bytes()).unwrap();
    let zstd = zstd::encode_all(plain.as_bytes(), 1).unwrap();
    let utf_16 = |mark: &str, unit: fn(u16) -> [u8; 2]| -> Vec<u8> {
        format!("{mark}{plain}").encode_utf16().flat_map(unit).collect()
    };
    for encoded in [
        gzip.finish().unwrap(),
        zstd,
        format!("\u{feff}{plain}").into_bytes(),
        utf_16("\u{feff}", u16::to_le_bytes),
        utf_16("\u{feff}", u16::to_be_bytes),
        utf_16("", u16::to_le_bytes),
    ] {
        assert_eq!(shown(&encoded, &Options::default()), expected);
    }
}

#[test]
fn several_gzip_streams_in_one_file_are_all_read() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(format!("{A}\n").as_bytes()).unwrap();
    let one = gzip.finish().unwrap();
    assert_eq!(read_all(&[one.clone(), one].concat(), &Options::default()).0.len(), 2);
}

#[test]
fn damaged_compressed_data_keeps_what_came_before() {
    let lines = format!("{A}\n{B}\n").repeat(2000);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    gzip.write_all(lines.as_bytes()).unwrap();
    let mut packed = gzip.finish().unwrap();
    packed.truncate(packed.len() / 2);
    let (records, counts) = read_all(&packed, &Options::default());
    assert!(records.len() > 1500, "{}", records.len());
    let last = counts.first_rejects.last().unwrap();
    assert!(last.reason.starts_with("compressed data is damaged"), "{}", last.reason);
}

#[test]
fn damaged_zstd_is_counted_and_not_fatal() {
    let mut packed = zstd::encode_all(format!("{A}\n").repeat(50).as_bytes(), 1).unwrap();
    let middle = packed.len() / 2;
    packed.truncate(middle);
    let (_, counts) = read_all(&packed, &Options::default());
    assert_eq!(counts.rejected, 1);
    packed.extend([0xff; 40]);
    let (_, counts) = read_all(&packed, &Options::default());
    assert_eq!(counts.rejected, 1);
}

#[test]
fn what_the_input_fails_with_is_returned() {
    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("gone"))
        }
    }
    let input = std::io::BufReader::new(std::io::Read::chain(B.as_bytes(), Broken));
    let result = read(input, Arc::from("f"), &Options::default(), &mut Vec::new());
    assert_eq!(result.unwrap_err().to_string(), "gone");
}

#[test]
fn a_decompression_bomb_is_stopped() {
    let packed = zstd::encode_all(&vec![b'\n'; 1 << 20][..], 1).unwrap();
    let options = Options { decompressed_bytes_max: 1 << 16, ..Options::default() };
    let (_, counts) = read_all(&packed, &options);
    assert_eq!((counts.rejected, counts.inputs), (1, 1));
    let reason = &counts.first_rejects[0].reason;
    assert_eq!(reason, "compressed data is damaged: it grows beyond the limit");
}

#[test]
fn surrogates_across_the_border_of_a_stretch_survive() {
    let mut line = A.replace("AZUREFIREWALLS/FW", &"😀".repeat(40_000));
    line.insert(0, ' ');
    let packed: Vec<u8> = line.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let (records, _) = read_all(&packed, &Options::default());
    assert!(records[0].firewall.as_ref().unwrap().ends_with("😀😀"));
    assert!(!records[0].firewall.as_ref().unwrap().contains('\u{fffd}'));
}
