//! Opening log files and folders, with progress.

use std::fs::File;
use std::io::{self, BufReader, IsTerminal, Read as _, Seek as _};
use std::num::NonZero;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::{thread, vec};

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use walkdir::WalkDir;

use super::args::GlobalArgs;
use super::failure::Failure;
use super::rejects::{self, Rejects};
use crate::logs::{
    self, Collector, ColumnMap, ColumnMapError, Counts, DateOrder, OncePerFlow, Sink,
};
use crate::report::sanitize::terminal;
use crate::source::InputError;

/// Which logs are read, and how.
#[derive(Debug, Args)]
pub(super) struct LogArgs {
    /// Log files and folders (searched recursively); `-` is standard input
    #[arg(required = true, value_name = "LOGS")]
    pub(super) logs: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) reading: LogReadingArgs,
}

/// How logs are read.
#[derive(Debug, Args)]
pub(super) struct LogReadingArgs {
    /// What a date such as 7/8/2025 means; without it such times are rejected
    #[arg(long, value_enum, value_name = "ORDER")]
    assume_date_order: Option<Order>,
    /// Tables with these columns hold flows, such as `source=src_ip,port=dport,…`; see docs/logs.md
    #[arg(long, value_name = "FIELD=COLUMN,…", value_parser = column_map)]
    columns: Option<ColumnMap>,
    /// Write every line that cannot be read to FILE, with its place and the reason (JSON lines)
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// How many threads read; all processors if not given. The result is the same
    #[arg(long, value_name = "N")]
    threads: Option<NonZero<u8>>,
}

impl LogReadingArgs {
    /// The columns that tables of flows are known by.
    pub(super) fn columns(&self) -> Vec<&str> {
        self.columns.iter().flat_map(ColumnMap::columns).collect()
    }

    /// What decides how lines are read.
    pub(super) fn meaning(&self) -> String {
        format!("{:?} {:?}", self.assume_date_order, self.columns)
    }

    /// How many threads read.
    pub(super) fn threads(&self) -> usize {
        self.threads.map_or_else(threads_of_machine, |threads| threads.get().into())
    }

    /// Whether rejected lines are to be written, each in its place.
    pub(super) fn writes_rejects(&self) -> bool {
        self.rejects.is_some()
    }
}

fn column_map(text: &str) -> Result<ColumnMap, ColumnMapError> {
    ColumnMap::parse(text)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Order {
    /// Month before day
    Mdy,
    /// Day before month
    Dmy,
}

/// How many rejected lines are kept to be shown.
pub(super) const REJECTS_KEPT: usize = 10;

/// How much of a rejected line is shown.
const EXCERPT_SHOWN: usize = 160;

/// What all files together held.
pub(super) struct Read {
    pub(super) files: u64,
    pub(super) counts: Counts,
    /// Records that were not handed on, by reason.
    pub(super) left_out: Vec<(String, u64)>,
}

impl Read {
    /// Notes records of flows that were handed on before.
    pub(super) fn leave_out_repeated(&mut self, repeated: u64) {
        if repeated > 0 {
            self.left_out.push(("the same flow at another interface".to_owned(), repeated));
        }
    }
}

/// Reads all logs into `sink`: whole records, one by one, in their order.
pub(super) fn read(
    logs: &[PathBuf],
    args: &LogReadingArgs,
    global: &GlobalArgs,
    sink: &mut impl Sink,
) -> Result<Read, Failure> {
    let mut sink = Rejects::new(OncePerFlow::new(sink), args.rejects.as_deref())?;
    let parts = files(logs)?.into_iter().map(Part::whole).collect();
    let mut read = read_with(parts, args, global, |inputs, options, threads| {
        logs::read_in_order(inputs, options, threads, &mut sink)
    })?;
    read.leave_out_repeated(sink.sink.repeated);
    sink.finish()?;
    Ok(read)
}

/// Reads all logs into `collector`, side by side. Records of one flow are handed on each time.
pub(super) fn collect<C: Collector + Send>(
    logs: &[PathBuf],
    args: &LogReadingArgs,
    global: &GlobalArgs,
    collector: &mut C,
) -> Result<Read, Failure> {
    let parts = files(logs)?.into_iter().map(Part::whole).collect();
    collect_parts(parts, args, global, collector)
}

/// A file, or a part of it.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) path: PathBuf,
    /// From which byte to which.
    pub(super) range: Option<Range<u64>>,
}

impl Part {
    fn whole(path: PathBuf) -> Self {
        Self { path, range: None }
    }

    fn bytes(&self) -> u64 {
        match &self.range {
            Some(range) => range.end.saturating_sub(range.start),
            None => self.path.metadata().map_or(0, |data| data.len()),
        }
    }

    fn shown_name(&self) -> String {
        let name = shown_name(&self.path);
        match &self.range {
            Some(range) if range.start > 0 => format!("{name}, from byte {}", range.start),
            Some(_) | None => name,
        }
    }
}

/// Reads parts of files as [`collect`] does.
pub(super) fn collect_parts<C: Collector + Send>(
    parts: Vec<Part>,
    args: &LogReadingArgs,
    global: &GlobalArgs,
    collector: &mut C,
) -> Result<Read, Failure> {
    read_with(parts, args, global, |inputs, options, threads| {
        logs::read_all(inputs, options, threads, collector)
    })
}

fn read_with<'a>(
    parts: Vec<Part>,
    args: &LogReadingArgs,
    global: &GlobalArgs,
    read: impl FnOnce(Inputs, &logs::Options, usize) -> io::Result<(u64, Counts)> + 'a,
) -> Result<Read, Failure> {
    let options = logs::Options {
        date_order: args.assume_date_order.map(|order| match order {
            Order::Mdy => DateOrder::MonthFirst,
            Order::Dmy => DateOrder::DayFirst,
        }),
        columns: args.columns.clone(),
        rejects_kept: REJECTS_KEPT,
        ..logs::Options::default()
    };
    let excerpt_chars =
        if args.rejects.is_some() { rejects::EXCERPT_CHARS } else { options.excerpt_chars };
    let options = logs::Options { excerpt_chars, ..options };
    let progress = progress(&parts, global);
    let inputs = Inputs { parts: parts.into_iter(), progress: progress.clone() };
    // What fails says of which file.
    let (files, counts) = read(inputs, &options, args.threads())
        .map_err(|error| InputError::new(error.to_string()))?;
    progress.finish_and_clear();
    Ok(Read { files, counts, left_out: Vec::new() })
}

/// More than a few have to wait for each other.
fn threads_of_machine() -> usize {
    const THREADS_MAX: usize = 8;
    thread::available_parallelism().map_or(1, NonZero::get).min(THREADS_MAX)
}

/// Opens one file after the other.
struct Inputs {
    parts: vec::IntoIter<Part>,
    progress: ProgressBar,
}

impl Iterator for Inputs {
    type Item = io::Result<logs::Input>;

    fn next(&mut self) -> Option<Self::Item> {
        let part = self.parts.next()?;
        let file: Arc<str> = part.shown_name().into();
        let named = |error: io::Error| {
            io::Error::new(error.kind(), format!("cannot open `{file}`: {error}"))
        };
        let bytes = opened(&part, &self.progress).map_err(named);
        Some(bytes.map(|bytes| logs::Input { file: Arc::clone(&file), bytes }))
    }
}

/// The first bytes of a file by which those are known that are not taken from the first byte to the
/// last.
fn magic(file: &Path) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    if file.is_file() {
        File::open(file)?.take(logs::ZIP_MAGIC.len() as u64).read_to_end(&mut head)?;
    }
    Ok(head)
}

/// Says on standard error what could not be read.
pub(super) fn warn_of_rejects(read: &Read, global: &GlobalArgs) {
    let counts = &read.counts;
    if global.quiet || counts.rejected == 0 {
        return;
    }
    anstream::eprintln!(
        "warning: {} of {} lines or rows could not be read; the first:",
        counts.rejected,
        counts.inputs
    );
    for reject in &counts.first_rejects {
        anstream::eprintln!(
            "  {}:{}: {}",
            terminal(&reject.origin.file),
            reject.origin.line,
            terminal(&reject.reason)
        );
        if !reject.excerpt.is_empty() {
            let shown: String = reject.excerpt.chars().take(EXCERPT_SHOWN).collect();
            anstream::eprintln!("    {}", terminal(&shown));
        }
    }
}

fn shown_name(file: &Path) -> String {
    if file == Path::new("-") { "standard input".into() } else { file.display().to_string() }
}

fn opened(part: &Part, progress: &ProgressBar) -> io::Result<logs::Bytes> {
    // Stretches of files are larger, and are read past this buffer.
    const BUFFER: usize = 64 << 10;
    let file = part.path.as_path();
    if let Some(range) = &part.range {
        let mut opened = File::open(file)?;
        opened.seek(io::SeekFrom::Start(range.start))?;
        let input = progress.wrap_read(opened.take(part.bytes()));
        return Ok(logs::Bytes::Stream(Box::new(BufReader::with_capacity(BUFFER, input))));
    }
    if file == Path::new("-") {
        let input = BufReader::with_capacity(BUFFER, io::stdin());
        return Ok(logs::Bytes::Stream(Box::new(input)));
    }
    let magic = magic(file)?;
    if magic == logs::ZIP_MAGIC {
        let archive = progress.wrap_read(BufReader::new(File::open(file)?));
        return Ok(logs::Bytes::Zip { archive: Box::new(archive), is_log: is_log_name });
    }
    if magic == logs::PARQUET_MAGIC {
        let table = File::open(file)?;
        progress.inc(table.metadata()?.len());
        return Ok(logs::Bytes::Parquet(Box::new(table)));
    }
    let input = BufReader::with_capacity(BUFFER, progress.wrap_read(File::open(file)?));
    Ok(logs::Bytes::Stream(Box::new(input)))
}

/// A bar on standard error that counts bytes; none where nobody watches.
fn progress(parts: &[Part], global: &GlobalArgs) -> ProgressBar {
    let total = parts.iter().map(Part::bytes).sum();
    if global.quiet || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(total);
    let style = "{bar:30} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// The files that `paths` name, folders searched recursively, in a stable order. In a folder the
/// name decides what is looked at, because a folder holds other things too.
pub(super) fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let before = files.len();
        for entry in WalkDir::new(path).sort_by_file_name() {
            let entry =
                entry.map_err(|error| InputError::new(format!("cannot read folder: {error}")))?;
            let name = entry.file_name().to_string_lossy();
            if entry.file_type().is_file() && (is_log_name(&name) || has_own_reader(&name)) {
                files.push(entry.into_path());
            }
        }
        if files.len() == before {
            return Err(Failure::new(
                format!("folder `{}` holds no log file", path.display()),
                format!(
                    "looked for files ending in {}, also with .gz or .zst, and for .zip and .parquet",
                    ENDINGS.join(", ")
                ),
            ));
        }
    }
    files.sort_by_cached_key(|file| hour(file));
    Ok(files)
}

const ENDINGS: [&str; 7] = ["json", "jsonl", "ndjson", "log", "csv", "tsv", "txt"];

fn is_log_name(name: &str) -> bool {
    let name = name.to_lowercase();
    let name = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
    name.rsplit_once('.').is_some_and(|(_, end)| ENDINGS.contains(&end))
}

/// Names of files that are not read from the first byte to the last.
fn has_own_reader(name: &str) -> bool {
    let is_known =
        |end: &str| ["zip", "parquet"].iter().any(|known| end.eq_ignore_ascii_case(known));
    name.rsplit_once('.').is_some_and(|(_, end)| is_known(end))
}

/// The hour that a path of a storage account names (`y=2026/m=09/d=14/h=08/…`). Both families of
/// categories lie in folders of their own; read hour by hour, the two records of one event come
/// close to each other. Files without an hour keep their order.
fn hour(file: &Path) -> Option<String> {
    let text = file.to_string_lossy().replace('\\', "/");
    text.find("/y=").and_then(|at| text.get(at..)).map(ToOwned::to_owned)
}
