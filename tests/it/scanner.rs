//! Recognising layouts and reading side by side changes nothing: every sample is read both ways.

use std::io::{self, Cursor};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{env, fs};

use azfw::analyse::replay::Replayer;
use azfw::compile::compile;
use azfw::evaluate::Index;

use azfw::logs::{
    Bytes, Input, LogRecord, Options, Reject, ReplayedLogs, Replaying, Sink, read, read_all,
    read_in_order,
};
use azfw::syntax::filter::{Named, Names, filter};

use crate::input::load;

#[derive(Default)]
struct Kept(Vec<String>);

impl Sink for Kept {
    fn record(&mut self, record: LogRecord) -> ControlFlow<()> {
        self.0.push(format!("{record:?}"));
        ControlFlow::Continue(())
    }

    fn reject(&mut self, reject: &Reject) {
        self.0.push(format!("{reject:?}"));
    }
}

/// No name is known.
struct NoNames;

impl Names for NoNames {
    fn ip_group(&self, name: &str) -> Named {
        Named::Unknown { message: name.to_owned(), help: String::new() }
    }

    fn service_tag(&self, name: &str) -> Named {
        Named::Unknown { message: name.to_owned(), help: String::new() }
    }
}

/// Every file in the folder and those below it.
fn files_in(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            files_in(&path, files);
        } else {
            files.push(path);
        }
    }
}

/// The samples of the repository, and those of the folder that `AZFW_LOG_SAMPLES` names.
fn samples() -> Vec<PathBuf> {
    let mut files = Vec::new();
    files_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("samples"), &mut files);
    assert!(files.len() > 20);
    if let Some(folder) = env::var_os("AZFW_LOG_SAMPLES") {
        files_in(folder.as_ref(), &mut files);
    }
    files
}

fn input(file: &[u8]) -> impl Iterator<Item = io::Result<Input>> + Send + use<> {
    let bytes = Bytes::Stream(Box::new(Cursor::new(file.to_vec())));
    std::iter::once(Ok(Input { file: Arc::from("f"), bytes }))
}

/// By how many a file is read, and in stretches of how many bytes.
const WAYS: [(usize, usize); 4] = [(1, 1 << 20), (1, 300), (2, 700), (3, 2_000)];

#[test]
fn all_samples_read_the_same() {
    for path in samples() {
        let file = fs::read(&path).expect("readable");
        let mut plain = Kept::default();
        let counts = read(&file[..], Arc::from("f"), &Options::default(), &mut plain)
            .expect("memory can be read");
        assert_eq!(
            counts.inputs,
            counts.records_total() + counts.ignored_total() + counts.rejected,
            "{}",
            path.display()
        );
        for (threads, stretch_bytes) in WAYS {
            let options = Options { stretch_bytes, ..Options::default() };
            let mut kept = Kept::default();
            let (_, scanned) = read_in_order(input(&file), &options, threads, &mut kept)
                .expect("memory can be read");
            assert_eq!(kept.0, plain.0, "{}", path.display());
            assert_eq!(format!("{scanned:?}"), format!("{counts:?}"), "{}", path.display());
        }
    }
}

/// What a replay has found, in an order that does not depend on how it was found.
fn shown<K, W>(replayed: &ReplayedLogs<K, W>, groups: Vec<String>) -> String {
    let ReplayedLogs { counts, repeated, found, .. } = replayed;
    format!("{counts:?} {repeated} {} {}", found.records, groups.join("\n"))
}

#[test]
fn all_samples_replay_the_same_record_by_record_and_side_by_side() {
    let rulesets = Path::new(env!("CARGO_MANIFEST_DIR")).join("rulesets");
    let compiled = ["seed", "aks-egress"].map(|name| {
        let path = rulesets.join(name).join("policy.json");
        let text = fs::read_to_string(path).expect("readable");
        let loaded = load(&[(name.to_owned(), text)]).expect("can be loaded");
        compile(&loaded.inventory, &azfw::compile::Options::default()).expect("whole").0
    });
    let indexes = compiled.each_ref().map(Index::new);
    let [before, after] = &indexes;
    let zone = azfw::syntax::filter::Reading { names: &NoNames, zone: &jiff::tz::TimeZone::UTC };
    let some = filter("port in 443,53 or not source in 10.0.0.0/9", &zone).expect("a filter");
    let mut replayed = 0;
    for path in samples() {
        let file = fs::read(&path).expect("readable");
        for filter in [None, Some(&some)] {
            let against_log = || Replaying::new(|| Replayer::new(before), filter.cloned(), None);
            let compared =
                || Replaying::new(|| Replayer::comparing(before, after), filter.cloned(), None);
            let groups = |replayed: &ReplayedLogs<_, _>| {
                replayed.found.differing().iter().map(|group| format!("{group:?}")).collect()
            };
            let changes = |replayed: &ReplayedLogs<_, _>| {
                replayed.found.changed().iter().map(|group| format!("{group:?}")).collect()
            };
            let (mut log, mut both) = (against_log(), compared());
            let options = Options::default();
            read(&file[..], Arc::from("f"), &options, &mut log).expect("memory can be read");
            read(&file[..], Arc::from("f"), &options, &mut both).expect("memory can be read");
            let (log, both) = (log.finish(), both.finish());
            replayed += log.found.records;
            for (threads, stretch_bytes) in WAYS {
                let options = Options { stretch_bytes, ..Options::default() };
                let (mut beside, mut both_beside) = (against_log(), compared());
                read_all(input(&file), &options, threads, &mut beside).expect("can be read");
                read_all(input(&file), &options, threads, &mut both_beside).expect("can be read");
                let (beside, both_beside) = (beside.finish(), both_beside.finish());
                let place = path.display();
                assert_eq!(shown(&beside, groups(&beside)), shown(&log, groups(&log)), "{place}");
                assert_eq!(
                    shown(&both_beside, changes(&both_beside)),
                    shown(&both, changes(&both)),
                    "{place}"
                );
            }
        }
    }
    assert!(replayed > 1_000, "{replayed}");
}
