//! `azfw report --state`: what earlier runs have counted, and how far they came in each file.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::log_inputs::{Part, REJECTS_KEPT};
use crate::logs::{Counts, Origin, Reject};
use crate::source::InputError;
use crate::tables::{Account, Plan, Stored};

const MAGIC: &[u8] = b"azfw-state\n";
/// Raised whenever what stands behind it is written in another way.
const VERSION: u32 = 4;
const HASH_BYTES: usize = 32;
/// So much of both ends of what was read tells whether a file is still the same.
const MARK_BYTES: u64 = 4 << 10;
/// A line that shows nothing so far is no line of logs.
const LINE_BYTES_MAX: u64 = 1 << 20;
const COMPRESSION: i32 = 3;

/// What was counted of which files.
pub(super) struct State {
    pub(super) account: Account,
    pub(super) counts: Counts,
    files: BTreeMap<String, Known>,
    /// How lines were read.
    meaning: String,
}

/// What was read of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    /// So many bytes.
    read: u64,
    /// Of what was read.
    mark: String,
    /// The file is one of lines, and can be read on.
    is_of_lines: bool,
}

impl State {
    /// The state in `path`, or an empty one if there is no such file.
    pub(super) fn opened(path: &Path, meaning: &str, plan: &Plan) -> Result<Self, Failure> {
        let state = match fs::read(path) {
            Ok(bytes) => Self::restored(path, &bytes, plan)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self {
                account: Account::of(plan.clone()),
                counts: Counts::default(),
                files: BTreeMap::new(),
                meaning: meaning.to_owned(),
            },
            Err(error) => return Err(cannot("read", path, &error)),
        };
        if state.meaning != meaning {
            return Err(Failure::new(
                format!("the state `{}` was made with other options of reading", path.display()),
                "give the same `--assume-date-order` and `--columns`, or another file",
            ));
        }
        Ok(state)
    }

    /// The state in `path`.
    pub(super) fn existing(path: &Path, plan: &Plan) -> Result<Self, Failure> {
        let bytes = fs::read(path).map_err(|error| cannot("read", path, &error))?;
        Self::restored(path, &bytes, plan)
    }

    fn restored(path: &Path, bytes: &[u8], plan: &Plan) -> Result<Self, Failure> {
        let shown = path.display();
        let no_state = || {
            Failure::new(
                format!("`{shown}` is no state of azfw"),
                "give a file that `azfw report --state` has written",
            )
        };
        let damaged = || {
            Failure::new(
                format!("the state `{shown}` is damaged"),
                "remove it and read the logs again, or take a copy of it",
            )
        };
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(no_state)?;
        let (version, rest) = rest.split_first_chunk::<4>().ok_or_else(damaged)?;
        let version = u32::from_le_bytes(*version);
        if version != VERSION {
            return Err(Failure::new(
                format!("the state `{shown}` is of version {version}, this azfw has {VERSION}"),
                "remove it and read the logs again, or use the azfw that wrote it",
            ));
        }
        let (hash, packed) = rest.split_first_chunk::<HASH_BYTES>().ok_or_else(damaged)?;
        if blake3::hash(packed).as_bytes() != hash {
            return Err(damaged());
        }
        let payload = zstd::decode_all(packed).map_err(|_| damaged())?;
        Self::got(&mut &payload[..], plan).ok_or_else(damaged)
    }

    fn got(input: &mut &[u8], plan: &Plan) -> Option<Self> {
        let meaning = String::got(input)?;
        let mut files = BTreeMap::new();
        for (path, ((read, is_of_lines), mark)) in
            Vec::<(String, ((u64, bool), String))>::got(input)?
        {
            files.insert(path, Known { read, mark, is_of_lines });
        }
        let counts = counts_got(input)?;
        let account = Account::restored(input, plan.clone())?;
        Some(Self { account, counts, files, meaning })
    }

    /// How many files were read, some of them not to their end.
    pub(super) fn files(&self) -> u64 {
        self.files.len() as u64
    }

    /// What is new in `paths`, and noted as read from here on.
    pub(super) fn new_parts(&mut self, paths: Vec<PathBuf>) -> Result<Vec<Part>, Failure> {
        let mut parts = Vec::new();
        for path in paths {
            if path == Path::new("-") {
                return Err(Failure::new(
                    "standard input cannot be read on in a later run",
                    "give `--state` files and folders",
                ));
            }
            let range = self.new_range(&path)?;
            if let Some(range) = range {
                parts.push(Part { path, range: Some(range) });
            }
        }
        Ok(parts)
    }

    fn new_range(&mut self, path: &Path) -> Result<Option<Range<u64>>, Failure> {
        let failed = |error: &io::Error| cannot("read", path, error);
        let name = fs::canonicalize(path).map_err(|error| failed(&error))?;
        let name = name.to_string_lossy().into_owned();
        let mut file = File::open(path).map_err(|error| failed(&error))?;
        let length = file.metadata().map_err(|error| failed(&error))?.len();
        let (start, is_of_lines) = match self.files.get(&name) {
            None => (0, is_of_lines(&mut file).map_err(|error| failed(&error))?),
            Some(known) => {
                let is_same = length >= known.read
                    && mark(&mut file, known.read).map_err(|error| failed(&error))? == known.mark;
                if !is_same || (length > known.read && !known.is_of_lines) {
                    return Err(changed(path, is_same));
                }
                (known.read, known.is_of_lines)
            }
        };
        let end = if is_of_lines {
            whole_lines(&mut file, start, length).map_err(|error| failed(&error))?
        } else {
            length
        };
        let mark = mark(&mut file, end).map_err(|error| failed(&error))?;
        self.files.insert(name, Known { read: end, mark, is_of_lines });
        Ok((end > start).then_some(start..end))
    }

    /// Takes over what another state has counted.
    pub(super) fn merge(&mut self, other: Self) -> Result<(), Failure> {
        if let Some(file) = other.files.keys().find(|file| self.files.contains_key(*file)) {
            return Err(Failure::new(
                format!("`{file}` was counted in two of the states"),
                "merge states of different files",
            ));
        }
        self.files.extend(other.files);
        self.counts.merge(other.counts, REJECTS_KEPT);
        self.account.merge(other.account);
        Ok(())
    }

    /// Writes the state, as a whole or not at all. The answer is what a later run would find.
    pub(super) fn written(self, path: &Path, plan: &Plan) -> Result<Self, Failure> {
        let failed = |error: io::Error| cannot("write", path, &error);
        let mut payload = Vec::new();
        self.meaning.put(&mut payload);
        let files = self.files.iter().map(|(path, known)| {
            (path.clone(), ((known.read, known.is_of_lines), known.mark.clone()))
        });
        files.collect::<Vec<_>>().put(&mut payload);
        counts_put(&self.counts, &mut payload);
        payload.extend(self.account.stored().map_err(failed)?);
        let packed = zstd::encode_all(&payload[..], COMPRESSION).map_err(failed)?;
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(blake3::hash(&packed).as_bytes());
        bytes.extend(packed);
        replace(path, &bytes).map_err(failed)?;
        Self::restored(path, &bytes, plan)
    }
}

/// Who is interrupted leaves the file as it was.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    let mut file = File::create(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&part, path)
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> Failure {
    InputError::new(format!("cannot {what} `{}`: {error}", path.display())).into()
}

fn changed(path: &Path, is_same: bool) -> Failure {
    let what = if is_same {
        "has grown, and what is no JSON lines can only be read from its beginning"
    } else {
        "is no longer the file that was read: it was changed otherwise than by lines at its end"
    };
    Failure::new(
        format!("`{}` {what}", path.display()),
        "its records are in the state; remove the state and read all logs again",
    )
}

/// Whether the first line of a file is a JSON object of its own.
fn is_of_lines(file: &mut File) -> io::Result<bool> {
    let mut head = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(LINE_BYTES_MAX).read_to_end(&mut head)?;
    let end = head.iter().position(|&byte| byte == b'\n').unwrap_or(head.len());
    Ok(head.get(..end).is_some_and(is_object))
}

fn is_object(line: &[u8]) -> bool {
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii();
    let is_json = || serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok();
    line.starts_with(b"{") && is_json()
}

/// Where the last whole line ends. A line that is still being written is left for the next run.
fn whole_lines(file: &mut File, start: u64, length: u64) -> io::Result<u64> {
    let from = length.saturating_sub(LINE_BYTES_MAX).max(start);
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(from))?;
    file.take(length - from).read_to_end(&mut tail)?;
    let newline = tail.iter().rposition(|&byte| byte == b'\n');
    let last = newline.map_or(0, |newline| newline + 1);
    let rest = tail.get(last..).unwrap_or_default();
    let is_whole = rest.is_empty() || is_object(rest);
    let end = if is_whole { tail.len() } else { last };
    Ok(from + end as u64)
}

/// What tells whether the first `read` bytes of a file are still the same.
fn mark(file: &mut File, read: u64) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    for start in [0, read.saturating_sub(MARK_BYTES)] {
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(start))?;
        file.take(MARK_BYTES.min(read - start)).read_to_end(&mut bytes)?;
        hasher.update(&bytes);
    }
    hasher.update(&read.to_le_bytes());
    Ok(hasher.finalize().to_hex().to_string())
}

fn counts_put(counts: &Counts, out: &mut Vec<u8>) {
    [counts.bytes, counts.lines, counts.inputs, counts.rejected].put(out);
    counts.records.put(out);
    counts.ignored.put(out);
    let rejects = counts.first_rejects.iter().map(|reject| {
        let Origin { file, line } = &reject.origin;
        ((file.to_string(), *line), (reject.reason.clone(), reject.excerpt.clone()))
    });
    rejects.collect::<Vec<_>>().put(out);
}

fn counts_got(input: &mut &[u8]) -> Option<Counts> {
    let [bytes, lines, inputs, rejected] = Stored::got(input)?;
    let (records, ignored) = (Stored::got(input)?, Stored::got(input)?);
    let rejects = Vec::<((String, u64), (String, String))>::got(input)?.into_iter();
    let reject = |((file, line), (reason, excerpt)): ((String, u64), (String, String))| Reject {
        origin: Origin { file: file.into(), line },
        reason,
        excerpt,
    };
    let first_rejects = rejects.map(reject).collect();
    Some(Counts { bytes, lines, inputs, records, ignored, rejected, first_rejects })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "{\"category\":\"AZFWNetworkRule\"}\n";

    fn empty() -> State {
        State::opened(Path::new("no such file"), "", &Plan::default()).unwrap()
    }

    /// The stretches that are new, or why there are none.
    #[track_caller]
    fn check(
        state: &mut State,
        path: &Path,
        content: &str,
        expected: Result<Option<Range<u64>>, &str>,
    ) {
        fs::write(path, content).unwrap();
        let got = state.new_range(path).map_err(|failure| match failure {
            Failure::Reports(reports) => reports[0].to_string(),
            Failure::BrokenPipe => String::new(),
        });
        match expected {
            Ok(range) => assert_eq!(got, Ok(range)),
            Err(part) => assert!(got.as_ref().is_err_and(|text| text.contains(part)), "{got:?}"),
        }
    }

    #[test]
    fn a_file_is_read_on_line_by_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("PT1H.json");
        let mut state = empty();
        let length = LINE.len() as u64;
        check(&mut state, &path, LINE, Ok(Some(0..length)));
        check(&mut state, &path, LINE, Ok(None));
        let cut = format!("{LINE}{LINE}{}", &LINE[..9]);
        check(&mut state, &path, &cut, Ok(Some(length..length * 2)));
        check(&mut state, &path, &cut, Ok(None));
        let whole = LINE.repeat(3);
        check(&mut state, &path, whole.trim_end(), Ok(Some(length * 2..length * 3 - 1)));
        check(&mut state, &path, &whole, Ok(Some(length * 3 - 1..length * 3)));
        check(&mut state, &path, LINE, Err("is no longer the file"));
        check(
            &mut state,
            &path,
            &whole.replace("Network", "Another"),
            Err("is no longer the file"),
        );
    }

    #[test]
    fn what_is_not_lines_cannot_be_read_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs.csv");
        let mut state = empty();
        check(&mut state, &path, "msg_s\na\n", Ok(Some(0..8)));
        check(&mut state, &path, "msg_s\na\n", Ok(None));
        check(&mut state, &path, "msg_s\na\nb\n", Err("has grown"));
    }

    #[test]
    fn a_state_comes_back_and_damage_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let (log, path) = (folder.path().join("PT1H.json"), folder.path().join("state"));
        fs::write(&log, LINE).unwrap();
        let mut state = empty();
        state.new_range(&log).unwrap();
        state.counts.inputs = 7;
        let written = state.written(&path, &Plan::default()).unwrap();
        assert_eq!((written.files(), written.counts.inputs), (1, 7));
        let bytes = fs::read(&path).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "no temporary file is left");
        let message = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            match State::existing(&path, &Plan::default()) {
                Err(Failure::Reports(reports)) => reports[0].to_string(),
                Err(Failure::BrokenPipe) | Ok(_) => "none".to_owned(),
            }
        };
        assert_eq!(message(&bytes), "none");
        for at in MAGIC.len() + 4..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert!(message(&damaged).ends_with("is damaged"), "byte {at}");
        }
        assert!(message(&bytes[..bytes.len() - 1]).ends_with("is damaged"));
        assert!(message(b"{}").ends_with("is no state of azfw"));
        let mut other = bytes.clone();
        other[MAGIC.len()] += 1;
        let version = format!("is of version {}, this azfw has {VERSION}", VERSION + 1);
        assert!(message(&other).contains(&version));
        let mut twice = State::restored(&path, &bytes, &Plan::default()).unwrap();
        assert!(twice.merge(State::restored(&path, &bytes, &Plan::default()).unwrap()).is_err());
    }
}
