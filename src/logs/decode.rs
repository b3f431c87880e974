//! From the bytes of a file to UTF-8 text: decompression, byte order marks, UTF-16.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use flate2::bufread::MultiGzDecoder;

/// Bytes in that decide what an input is; enough for the header of a wide CSV file.
const HEAD_BYTES: usize = 64 * 1024;

/// Real logs compress 15 to 40 times. A stream that grows more than this is an attack on whoever
/// waits for it.
const RATIO_MAX: u64 = 1000;
/// Below this size the ratio is not looked at.
const RATIO_FREE_BYTES: u64 = 256 * 1024 * 1024;

/// Compressed data that cannot be unpacked to its end.
#[derive(Debug, thiserror::Error)]
#[error("compressed data is damaged: {0}")]
pub(super) struct DamagedData(String);

/// The text of an input, and its beginning.
pub(super) struct Decoded<'a> {
    /// The first bytes; they come out of `text` again.
    pub(super) head: Vec<u8>,
    pub(super) text: Box<dyn BufRead + Send + 'a>,
}

/// Unpacks `input` and turns it into UTF-8 without a byte order mark.
pub(super) fn decoded<'a>(
    input: impl BufRead + Send + 'a,
    decompressed_bytes_max: u64,
) -> io::Result<Decoded<'a>> {
    let (head, input) = with_head(Box::new(input), 4)?;
    let limited = |unpacked: Box<dyn Read + Send + 'a>| -> Box<dyn BufRead + Send + 'a> {
        Box::new(BufReader::with_capacity(HEAD_BYTES, unpacked))
    };
    let text = match head.as_slice() {
        [0x1f, 0x8b, ..] => {
            let decoder = MultiGzDecoder::new(Counted::new(input));
            limited(Box::new(Unpacked::new(decoder, decompressed_bytes_max, |decoder| {
                decoder.get_ref().count
            })))
        }
        [0x28, 0xb5, 0x2f, 0xfd] => {
            let decoder = zstd::stream::read::Decoder::with_buffer(Counted::new(input))?;
            limited(Box::new(Unpacked::new(decoder, decompressed_bytes_max, |decoder| {
                decoder.get_ref().count
            })))
        }
        _ => input,
    };
    let (head, text) = with_head(text, HEAD_BYTES)?;
    let (head, text) = match encoding(&head) {
        Encoding::Utf8 => (head, text),
        Encoding::Utf8WithMark => {
            let mut text = text;
            io::copy(&mut text.by_ref().take(3), &mut io::sink())?;
            (head.get(3..).unwrap_or(&[]).to_vec(), text)
        }
        Encoding::Utf16(order) => {
            let text = BufReader::with_capacity(HEAD_BYTES, Utf16::new(text, order));
            with_head(Box::new(text), HEAD_BYTES)?
        }
    };
    Ok(Decoded { head, text })
}

/// Reads up to `count` bytes ahead.
fn with_head<'a>(
    mut input: Box<dyn BufRead + Send + 'a>,
    count: usize,
) -> io::Result<(Vec<u8>, Box<dyn BufRead + Send + 'a>)> {
    let mut head = Vec::new();
    input.by_ref().take(count as u64).read_to_end(&mut head)?;
    let whole = Cursor::new(head.clone()).chain(input);
    Ok((head, Box::new(whole)))
}

#[derive(Clone, Copy)]
enum Encoding {
    Utf8,
    Utf8WithMark,
    Utf16(Order),
}

#[derive(Clone, Copy)]
enum Order {
    LittleEndian,
    BigEndian,
}

fn encoding(head: &[u8]) -> Encoding {
    match head {
        [0xef, 0xbb, 0xbf, ..] => Encoding::Utf8WithMark,
        [0xff, 0xfe, ..] => Encoding::Utf16(Order::LittleEndian),
        [0xfe, 0xff, ..] => Encoding::Utf16(Order::BigEndian),
        // Every format begins with two ASCII characters.
        [first, 0, _, 0, ..] if *first != 0 => Encoding::Utf16(Order::LittleEndian),
        [0, first, 0, _, ..] if *first != 0 => Encoding::Utf16(Order::BigEndian),
        _ => Encoding::Utf8,
    }
}

/// Counts what is taken out of a reader.
struct Counted<R> {
    input: R,
    count: u64,
}

impl<R> Counted<R> {
    fn new(input: R) -> Self {
        Self { input, count: 0 }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.count += count as u64;
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.input.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.count += count as u64;
        self.input.consume(count);
    }
}

/// A decompressor that refuses to go on for ever.
struct Unpacked<D, F> {
    decoder: D,
    packed_bytes: F,
    count: u64,
    count_max: u64,
}

impl<D: Read, F: Fn(&D) -> u64> Unpacked<D, F> {
    fn new(decoder: D, count_max: u64, packed_bytes: F) -> Self {
        Self { decoder, packed_bytes, count: 0, count_max }
    }
}

impl<D: Read, F: Fn(&D) -> u64> Read for Unpacked<D, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.decoder.read(buffer).map_err(|error| {
            // What the system reports is about the file; the rest is the decoder's complaint.
            let is_system = error.raw_os_error().is_some();
            if is_system { error } else { io::Error::other(DamagedData(error.to_string())) }
        })?;
        self.count += count as u64;
        let packed = (self.packed_bytes)(&self.decoder).max(1);
        let is_bomb = self.count > RATIO_FREE_BYTES && self.count / packed > RATIO_MAX;
        if is_bomb || self.count > self.count_max {
            let reason = "it grows beyond the limit".to_owned();
            return Err(io::Error::other(DamagedData(reason)));
        }
        Ok(count)
    }
}

/// An unpacked part of an archive, whose packed size is known.
pub(super) struct Guarded<D> {
    inner: Unpacked<D, PackedBytes<D>>,
}

/// How much packed data a decoder has taken in.
type PackedBytes<D> = Box<dyn Fn(&D) -> u64 + Send>;

impl<D: Read> Guarded<D> {
    pub(super) fn new(decoder: D, packed_bytes: u64, count_max: u64) -> Self {
        Self { inner: Unpacked::new(decoder, count_max, Box::new(move |_| packed_bytes)) }
    }
}

impl<D: Read> Read for Guarded<D> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer)
    }
}

/// UTF-16 as UTF-8; what is no character becomes U+FFFD.
struct Utf16<R> {
    input: R,
    order: Order,
    /// The first half of a pair of surrogates.
    high: Option<u16>,
    ready: Vec<u8>,
    passed: usize,
    is_first: bool,
}

impl<R: BufRead> Utf16<R> {
    fn new(input: R, order: Order) -> Self {
        Self { input, order, high: None, ready: Vec::new(), passed: 0, is_first: true }
    }

    /// Decodes the next stretch of input; at its end nothing is ready.
    fn refill(&mut self) -> io::Result<()> {
        self.ready.clear();
        self.passed = 0;
        let mut packed = Vec::new();
        self.input.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut packed)?;
        let is_end = packed.is_empty();
        let units = packed.chunks(2).map(|unit| match (self.order, unit) {
            (Order::LittleEndian, &[low, high]) | (Order::BigEndian, &[high, low]) => {
                u16::from_be_bytes([high, low])
            }
            // Half a unit at the end of the file.
            _ => 0xfffd,
        });
        let mut units: Vec<u16> = self.high.take().into_iter().chain(units).collect();
        if std::mem::take(&mut self.is_first) && units.first() == Some(&0xfeff) {
            units.remove(0);
        }
        if !is_end && let Some(last) = units.pop_if(|unit| (0xd800..0xdc00).contains(unit)) {
            self.high = Some(last);
        }
        let text: String = char::decode_utf16(units)
            .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect();
        self.ready = text.into_bytes();
        Ok(())
    }
}

impl<R: BufRead> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.passed >= self.ready.len() {
            self.refill()?;
        }
        let mut rest = self.ready.get(self.passed..).unwrap_or(&[]);
        let count = rest.read(buffer)?;
        self.passed += count;
        Ok(count)
    }
}
