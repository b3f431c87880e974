//! Recognising layouts and reading side by side changes nothing: every sample is read both ways.

use std::io::Cursor;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{env, fs};

use azfw::logs::{Bytes, Input, LogRecord, Options, Reject, Sink, read, read_in_order};

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

/// Besides the samples of the repository those of the folder that `AZFW_LOG_SAMPLES` names.
#[test]
fn all_samples_read_the_same() {
    let mut files = Vec::new();
    files_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("samples"), &mut files);
    assert!(files.len() > 20);
    if let Some(folder) = env::var_os("AZFW_LOG_SAMPLES") {
        files_in(folder.as_ref(), &mut files);
    }
    for path in files {
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
        for (threads, stretch_bytes) in [(1, 1 << 20), (1, 300), (2, 700), (3, 2_000)] {
            let options = Options { stretch_bytes, ..Options::default() };
            let bytes = Bytes::Stream(Box::new(Cursor::new(file.clone())));
            let input = Input { file: Arc::from("f"), bytes };
            let mut kept = Kept::default();
            let (_, scanned) =
                read_in_order(std::iter::once(Ok(input)), &options, threads, &mut kept)
                    .expect("memory can be read");
            assert_eq!(kept.0, plain.0, "{}", path.display());
            assert_eq!(format!("{scanned:?}"), format!("{counts:?}"), "{}", path.display());
        }
    }
}
