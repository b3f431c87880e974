use crate::detect::{Detector, Finding, Indicators, Settings};
use crate::logs::{LogRecord, LoggedAction, RecordKind, Sink};
use crate::tables::sample::{by, denied, flow, half_a_day, input, policy};
use crate::tables::{CubeTally, Input, Options, Tally};

use super::{Contents, PAGE_BYTES_AIM, PAGE_BYTES_MAX, SCRIPT, render};

fn page(records: &[LogRecord], input: Input) -> String {
    let mut detector = Detector::new(Settings::default(), Vec::new(), Indicators::default());
    for record in records {
        assert!(detector.record(record.clone()).is_continue());
    }
    page_with(records, input, &detector.finish().findings)
}

fn page_with(records: &[LogRecord], input: Input, findings: &[Finding]) -> String {
    let mut tally = Tally::new();
    let mut cube = CubeTally::default();
    for record in records {
        tally.push(record);
        cube.push(record);
    }
    cube.settle().unwrap();
    let policy = policy();
    let options = Options { top: 100, policy: Some(&policy), names: None };
    let summary = tally.finish(input, &options).unwrap();
    let contents = Contents { summary: &summary, cube: &cube, findings, zone: None, earlier: None };
    render(contents).unwrap()
}

#[test]
fn the_same_records_give_the_same_bytes() {
    let records = half_a_day();
    let first = page(&records, input(records.len()));
    assert_eq!(first, page(&records, input(records.len())));
    for part in [
        "mcr.microsoft.com",
        "203.0.113.9",
        "ftp-of-the-year-2019",
        "class=\"unused\"",
        ">unused</span>",
    ] {
        assert!(first.contains(part), "{part}");
    }
}

#[test]
fn an_empty_page_is_small() {
    let page = page(&[], Input::default());
    assert!(page.len() < 400_000, "{} bytes", page.len());
    assert!(page.contains("No record has a time."));
}

#[test]
fn the_page_may_do_nothing_but_run_itself() {
    let page = page(&half_a_day(), Input::default());
    assert!(
        page.contains(
            "http-equiv=\"Content-Security-Policy\" content=\"default-src &#39;none&#39;;"
        ) || page.contains("http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';")
    );
    for forbidden in
        ["unsafe-", "src=\"http", "href=\"http", " style=\"", " onclick", "@import", "url("]
    {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    for door in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
        assert!(!SCRIPT.contains(door), "{door}");
    }
}

const HOSTILE: [&str; 6] = [
    "</script><script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "</title></style><svg/onload=alert(1)>",
    "{{ data }}{% include \"x\" %}${alert(1)}",
    "\u{202e}gpj.exe\u{7}\u{1b}[2J\u{2028}",
    "=cmd|' /C calc'!A0",
];

fn hostile() -> Vec<LogRecord> {
    let mut records = Vec::new();
    for (index, text) in HOSTILE.iter().enumerate() {
        let at = 60.0 * f64::from(u8::try_from(index).unwrap());
        let mut name = flow(RecordKind::Application, at, "https 10.0.1.4:5000 -> :443");
        name.fqdn = Some((*text).into());
        records.push(denied(name.clone(), text));
        name.web_category = Some((*text).into());
        let mut named = by(name, LoggedAction::Allow, "g/c/r");
        named.rule = Some((*text).into());
        named.collection = Some((*text).into());
        records.push(named);
        let mut threat = flow(RecordKind::ThreatIntel, at, "http 10.0.1.7:40100 -> :80");
        threat.fqdn = Some((*text).into());
        threat.threat = Some((*text).into());
        threat.action = Some(LoggedAction::Alert);
        records.push(threat);
    }
    records
}

#[test]
fn hostile_text_stays_text() {
    let page = page(&hostile(), Input::default());
    assert_eq!(page.matches("<script").count(), 3, "the data and the scripts of the page");
    assert_eq!(page.matches("</script").count(), 3);
    for markup in ["<img", "<svg/", "\u{202e}", "\u{7}", "\u{1b}", "\u{2028}"] {
        assert!(!page.contains(markup), "{markup}");
    }
    assert!(page.contains("gpj.exe"));
}

#[test]
fn no_page_is_larger_than_the_limit() {
    let long = "<&\">".repeat(200);
    let records: Vec<LogRecord> = (0..6_000_u32)
        .map(|index| {
            let text = format!("https 10.{}.{}.4:5000 -> :443", index / 250 % 250, index % 250);
            let mut one = flow(RecordKind::Application, f64::from(index * 30), &text);
            one.fqdn = Some(format!("{index}{long}").into());
            let mut one = by(one, LoggedAction::Deny, "g/c/r");
            one.rule = Some(format!("{long}{index}").into());
            one
        })
        .collect();
    let page = page(&records, Input::default());
    assert!(page.len() <= PAGE_BYTES_MAX, "{} bytes", page.len());
}

/// Connections that no two records share, of every kind, over four months.
fn crowd(records: u32) -> Vec<LogRecord> {
    let of = |index: u32| {
        let [_, a, b, c] = index.to_be_bytes();
        let at = f64::from(index) * 180.0;
        let port = 1024 + index % 60_000;
        let network = format!("tcp 10.{a}.{b}.{c}:5000 -> 198.{}.{b}.{c}:{port}", 18 + a % 2);
        let web = format!("https 10.{a}.{b}.{c}:5000 -> :443");
        match index % 4 {
            0 => by(flow(RecordKind::Network, at, &network), LoggedAction::Allow, "group/c/rule"),
            1 => denied(flow(RecordKind::Network, at, &network), "Default Action"),
            2 => {
                let mut threat = flow(RecordKind::ThreatIntel, at, &network);
                threat.threat = Some("a bot".into());
                threat.action = Some(LoggedAction::Alert);
                threat
            }
            _ => {
                let mut named = flow(RecordKind::Application, at, &web);
                named.fqdn = Some(format!("host-{index}.example.com").into());
                by(named, LoggedAction::Allow, "group/c/web")
            }
        }
    };
    (0..records).map(of).collect()
}

#[test]
fn a_full_cube_fills_the_page_and_no_more() {
    let crowd = crowd(70_000);
    let page = page_with(&crowd, input(crowd.len()), &[]);
    assert!(page.len() <= PAGE_BYTES_MAX, "{} bytes", page.len());
    assert!(page.len() > PAGE_BYTES_AIM * 9 / 10, "{} bytes: there was more room", page.len());
    let (_, data) = page.split_once("id=\"cube\">").unwrap();
    let (data, _) = data.split_once("</script>").unwrap();
    let cube: serde_json::Value = serde_json::from_str(data).unwrap();
    let count = |name: &str| cube[name].as_array().unwrap().len();
    assert!(count("class") > 40_000 && count("class") < crowd.len(), "{}", count("class"));
    assert!(count("records") <= 1_000_000);
    assert!(cube["buckets"].as_u64().unwrap() <= 2_000);
    let sum =
        |name: &str| cube[name].as_array().unwrap().iter().filter_map(serde_json::Value::as_u64);
    assert_eq!(sum("records").sum::<u64>(), crowd.len() as u64);
    assert_eq!(sum("cells").sum::<u64>(), count("records") as u64);
    assert!(cube["others"].as_u64().unwrap() > 0);
}
