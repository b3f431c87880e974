//! Temporary files, and how much memory is used before them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, process};

use crate::tables::{Memory, Scratch};

/// About what a different address or name takes in all tables.
const VALUE_BYTES: usize = 200;
/// So many are told apart however little memory is given: logs of a year seldom hold more.
const VALUES_MIN: usize = 1 << 20;

/// So much for records that wait, shared by all threads.
pub(super) fn memory(bytes: usize, threads: usize) -> Memory {
    let number = AtomicU32::new(0);
    let scratch = Arc::new(move || -> io::Result<Box<dyn Scratch>> {
        Ok(Box::new(Temporary::new(&number)?))
    });
    let bytes = bytes / threads.max(1);
    let values_max = (bytes / VALUE_BYTES).max(VALUES_MIN);
    Memory { bytes, values_max, scratch: Some(scratch) }
}

/// `500K`, `64M`, `2G`; without a letter it is bytes.
pub(super) fn size(text: &str) -> Result<usize, String> {
    let wrong = || format!("`{text}` is no size such as `64M` or `2G`");
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let number: usize = digits.parse().map_err(|_| wrong())?;
    let unit = text.get(digits.len()..).unwrap_or_default().to_ascii_uppercase();
    let shift = match unit.trim_end_matches('B').trim_end_matches('I') {
        "" => 0,
        "K" => 10,
        "M" => 20,
        "G" => 30,
        _ => return Err(wrong()),
    };
    number.checked_mul(1 << shift).ok_or_else(wrong)
}

/// A file that is gone when the program ends, however it ends where the system can do that.
struct Temporary {
    file: File,
    length: u64,
    /// Where it could not be removed while it is open.
    path: Option<PathBuf>,
}

impl Temporary {
    fn new(number: &AtomicU32) -> io::Result<Self> {
        const TRIES: u32 = 100;
        for _ in 0..TRIES {
            let number = number.fetch_add(1, Ordering::Relaxed);
            let path = env::temp_dir().join(format!("azfw-{}-{number}", process::id()));
            let mut options = OpenOptions::new();
            options.read(true).write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            match options.open(&path) {
                Ok(file) => {
                    let is_left = cfg!(windows) || fs::remove_file(&path).is_err();
                    return Ok(Self { file, length: 0, path: is_left.then_some(path) });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other("no name is free in the folder for temporary files"))
    }
}

impl Scratch for Temporary {
    fn append(&mut self, bytes: &[u8]) -> io::Result<u64> {
        let offset = self.length;
        self.file.write_all(bytes)?;
        self.length += bytes.len() as u64;
        Ok(offset)
    }

    fn read(&mut self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(offset))?;
        self.file.read_exact(bytes)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            let _: io::Result<()> = fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        assert_eq!(size("64M"), Ok(64 << 20));
        assert_eq!(size("2GiB"), Ok(2 << 30));
        assert_eq!(size("500kb"), Ok(500 << 10));
        assert_eq!(size("7"), Ok(7));
        for text in ["", "M", "1X", "-1", "1.5G", "99999999999G"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_was_written_is_read_again() {
        let mut file = Temporary::new(&AtomicU32::new(0)).unwrap();
        let (first, second) = (file.append(b"one").unwrap(), file.append(b"two").unwrap());
        let mut bytes = [0; 3];
        file.read(second, &mut bytes).unwrap();
        assert_eq!((first, &bytes), (0, b"two"));
    }
}
