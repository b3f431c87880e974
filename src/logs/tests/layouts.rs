//! Recognising layouts, and reading side by side, changes nothing but the time it takes.

use std::fmt::Write as _;
use std::io::Cursor;
use std::slice::from_ref;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;
use crate::random::Random;

/// Everything that a reader can tell, as text.
fn told(records: &[LogRecord], rejects: &[Reject], counts: &Counts) -> String {
    let mut text = String::new();
    for record in records {
        writeln!(text, "{record:?}").unwrap();
    }
    for reject in rejects {
        writeln!(text, "{reject:?}").unwrap();
    }
    write!(text, "{counts:?}").unwrap();
    text
}

#[derive(Default)]
struct Kept(Vec<LogRecord>, Vec<Reject>);

impl Sink for Kept {
    fn record(&mut self, record: LogRecord) -> std::ops::ControlFlow<()> {
        self.0.push(record);
        std::ops::ControlFlow::Continue(())
    }

    fn reject(&mut self, reject: &Reject) {
        self.1.push(reject.clone());
    }
}

fn general(files: &[Vec<u8>], options: &Options) -> String {
    let (mut kept, mut all) = (Kept::default(), Counts::default());
    for (index, file) in files.iter().enumerate() {
        let name = Arc::from(format!("f{index}"));
        let counts = read(&file[..], name, options, &mut kept).unwrap();
        all.merge(counts, options.rejects_kept);
    }
    assert_eq!(all.inputs, all.records_total() + all.ignored_total() + all.rejected);
    told(&kept.0, &kept.1, &all)
}

fn side_by_side(files: &[Vec<u8>], options: &Options, threads: usize) -> String {
    let inputs = files.iter().enumerate().map(|(index, file)| {
        let bytes = Bytes::Stream(Box::new(Cursor::new(file.clone())));
        Ok(Input { file: Arc::from(format!("f{index}")), bytes })
    });
    let inputs: Vec<_> = inputs.collect();
    let mut kept = Kept::default();
    let (count, counts) = read_in_order(inputs.into_iter(), options, threads, &mut kept).unwrap();
    assert_eq!(count, files.len() as u64);
    told(&kept.0, &kept.1, &counts)
}

#[track_caller]
fn check_same(files: &[Vec<u8>], options: &Options) {
    let expected = general(files, options);
    for (threads, stretch_bytes) in [(1, 1 << 20), (1, 300), (2, 700), (3, 2_000)] {
        let options = Options { stretch_bytes, ..options.clone() };
        let got = side_by_side(files, &options, threads);
        for (got, expected) in got.lines().zip(expected.lines()) {
            assert_eq!(got, expected, "{threads} threads, {stretch_bytes} bytes");
        }
        assert_eq!(got, expected, "{threads} threads, {stretch_bytes} bytes");
    }
}

fn pick<'a>(random: &mut Random, words: &[&'a str]) -> &'a str {
    words[usize::try_from(random.below(words.len() as u64)).unwrap()]
}

fn time(random: &mut Random) -> String {
    let (minute, second) = (random.below(3), random.below(61));
    let fraction = pick(random, &[".992099", ".8295030", "", ".5", ".123456789"]);
    let zone = pick(random, &["+00:00", "Z", "Z", "+02:00", ""]);
    format!("2025-03-13T07:1{minute}:{second:02}{fraction}{zone}")
}

fn address(random: &mut Random) -> String {
    let last = random.below(258);
    match random.below(12) {
        0 => format!("[2001:0db8:0000:0000:0000:0000:0000:{last:04x}]"),
        1 => format!("192.0.2.0{last}"),
        _ => format!("192.0.2.{last}"),
    }
}

fn port(random: &mut Random) -> String {
    match random.below(20) {
        0 => String::new(),
        1 => "70000".to_owned(),
        2 => "00".to_owned(),
        _ => random.below(65_536).to_string(),
    }
}

fn query_name(random: &mut Random) -> &'static str {
    pick(
        random,
        &[
            "www.example.com.",
            "WWW.Example.com.",
            "a.example.com",
            "_x._tcp.a.",
            ".",
            "1.2.3.4.",
            "ü.de.",
        ],
    )
}

fn seconds(random: &mut Random) -> String {
    match random.below(5) {
        0 => format!("{}.{:09}", random.below(3), random.below(1_000_000_000)),
        1 => format!("{}.{}e-0{}", random.below(10), random.below(10_000), random.below(9)),
        2 => random.below(12).to_string(),
        3 => "0.30000000000000004".to_owned(),
        _ => format!("0.0{}", random.below(100_000)),
    }
}

fn legacy_line(random: &mut Random) -> String {
    let time = time(random);
    let protocol = pick(random, &["TCP", "UDP", "HTTPS", "HTTP ", "ICMP Type=8"]);
    let from = format!("{}:{}", address(random), port(random));
    let host = match random.below(3) {
        0 => {
            pick(random, &["www.example.com", "a.example.com.", "10.0.0.1", "x_y-1.example"]).into()
        }
        _ => address(random),
    };
    let (to_port, rule) = (port(random), random.below(4));
    if random.one_in(4) {
        let (name, kind) = (query_name(random), pick(random, &["A", "AAAA", "SRV"]));
        let (id, request, response) = (random.below(70_000), random.below(99), random.below(999));
        let (seconds, rcode) = (seconds(random), pick(random, &["NOERROR", "NXDOMAIN", "-"]));
        let text = format!(
            "DNS Request: {from} - {id} {kind} IN {name} udp {request} false 1232 {rcode} qr,rd,ra {response} {seconds}s"
        );
        return format!(
            r#"{{"time":"{time}","operationName":"AzureFirewallDnsProxyLog","properties":{{"msg":"{text}"}},"category":"AzureFirewallDnsProxy"}}"#
        );
    }
    let end = pick(
        random,
        &[
            ". Action: Deny.. ",
            ". Action: Allow.. Policy: p. Rule Collection Group: g. Rule Collection: c. Rule: r",
            " was DNAT'ed to 192.0.2.9:443. Rule Collection: c. Rule: r",
            ". Action: Deny. No rule matched. Proceeding with default action",
            ". Url: www.example.com/a. Action: Deny. Rule Collection: c. Rule: r",
            ". Url: www.example.com/b.?c=d. Action: Deny. Rule Collection: c. Rule: r",
            ". Url: www.example.com/. Action: Allow. b. Action: Deny. Rule Collection: c. Rule: r",
            ". Url: a b.. Action: Deny. Rule Collection: c. Rule: r",
            ". Url: . Action: Deny. Rule Collection: c. Rule: r",
            ". Action: Alert. ThreatIntel: Bot Networks",
        ],
    );
    let text = format!("{protocol} request from {from} to {host}:{to_port}{end}{rule}");
    format!(
        r#"{{"time":"{time}","resourceId":"/SUBSCRIPTIONS/S/AZUREFIREWALLS/FW","operationName":"AzureFirewallNetworkRuleLog","properties":{{"msg":"{text}"}},"category":"AzureFirewallNetworkRule"}}"#
    )
}

fn structured_line(random: &mut Random) -> String {
    let (time, source, destination) = (time(random), address(random), address(random));
    let (from, to, rule) = (random.below(65_600), random.below(1_024), random.below(4));
    let protocol = pick(random, &["TCP", "UDP", "ICMP Type=8"]);
    match random.below(4) {
        0 => {
            let fqdn = pick(random, &["www.example.com", "WWW.Example.com", "", "10.0.0.1", "a."]);
            let url = pick(random, &["", "http://www.example.com/a?b=c", "www.example.com/ü"]);
            format!(
                r#"{{"time":"{time}","resourceId":"/SUBSCRIPTIONS/S/AZUREFIREWALLS/FW","properties":{{"Protocol":"HTTPS","SourceIp":"{source}","SourcePort":{from},"DestinationPort":{to},"Fqdn":"{fqdn}","TargetUrl":"{url}","Action":"Allow","Policy":"p","RuleCollectionGroup":"g","RuleCollection":"c","Rule":"r{rule}","ActionReason":"","IsTlsInspected":false,"WebCategory":"","IsExplicitProxyRequest":false}},"category":"AZFWApplicationRule"}}"#
            )
        }
        1 => {
            let (name, seconds) = (query_name(random), seconds(random));
            let quote = pick(random, &["", "\""]);
            let (id, size, answer) = (random.below(70_000), random.below(99), random.below(999));
            let error = pick(random, &["", "", "i/o timeout"]);
            format!(
                r#"{{"time":"{time}","properties":{{"SourceIp":"{source}","SourcePort":{quote}{from}{quote},"QueryId":{quote}{id}{quote},"QueryType":"A","QueryClass":"IN","QueryName":"{name}","Protocol":"udp","RequestSize":{size},"DnssecOkBit":false,"EDNS0BufferSize":1232,"ResponseCode":"NOERROR","ResponseFlags":"qr,rd,ra","ResponseSize":{answer},"RequestDurationSecs":{quote}{seconds}{quote},"ErrorNumber":0,"ErrorMessage":"{error}"}},"category":"AZFWDnsQuery"}}"#
            )
        }
        _ => format!(
            r#"{{"time":"{time}","resourceId":"/SUBSCRIPTIONS/S/AZUREFIREWALLS/FW","properties":{{"Protocol":"{protocol}","SourceIp":"{source}","SourcePort":{from},"DestinationIp":"{destination}","DestinationPort":{to},"Action":"Deny","Policy":"","RuleCollectionGroup":"","RuleCollection":"","Rule":"{rule}","ActionReason":"Default Action"}},"category":"AZFWNetworkRule"}}"#
        ),
    }
}

fn row(random: &mut Random) -> String {
    let time = match random.below(3) {
        0 => "\"7/18/2025, 12:26:46.737 PM\"".to_owned(),
        _ => format!("\"{}\"", time(random)),
    };
    let (source, destination, from) = (address(random), address(random), port(random));
    let protocol = pick(random, &["TCP", "UDP", "\"ICMP Type=8\""]);
    let rule = pick(random, &["r", "\"r, 2\"", "\"r \"\"3\"\"\"", "\"r\n4\"", "\"r"]);
    let end = pick(random, &["", "", "", "\r"]);
    format!("{time},{protocol},\"{source}\",{from},\"{destination}\",443,Deny,{rule}{end}")
}

const HEADER: &str = "\"TimeGenerated [UTC]\",Protocol,SourceIp,SourcePort,DestinationIp,DestinationPort,Action,Rule";

/// A file of lines of one kind, or of several.
fn lines(random: &mut Random, count: u64) -> Vec<u8> {
    let kind = random.below(4);
    let mut lines: Vec<String> = (0..count)
        .map(|_| match (kind, random.below(2)) {
            (0, _) | (2, 0) => legacy_line(random),
            (3, _) => row(random),
            _ => structured_line(random),
        })
        .collect();
    if kind == 3 {
        lines.insert(0, HEADER.to_owned());
        // As in tables that were put behind each other.
        lines.insert(lines.len() / 2, HEADER.to_owned());
    }
    let mut text = lines.join("\n").into_bytes();
    if random.one_in(2) {
        text.push(b'\n');
    }
    text
}

/// Something that goes wrong on the way.
fn damage(random: &mut Random, text: &mut Vec<u8>) {
    let below = |random: &mut Random, text: &Vec<u8>| {
        usize::try_from(random.below(text.len().max(1) as u64)).unwrap()
    };
    let at = below(random, text);
    let bytes = b"\"{}[]\\,:. \n0aZ\xff";
    match random.below(6) {
        0 => text[at] = bytes[at % bytes.len()],
        1 => text.insert(at, bytes[at % bytes.len()]),
        2 => {
            text.remove(at);
        }
        3 => text.truncate(at),
        4 => {
            let other = below(random, text);
            let (start, end) = (at.min(other), at.max(other).min(at.min(other) + 80));
            text.drain(start..end);
        }
        _ => {
            // A stretch of one line in another.
            let other = below(random, text);
            let part = text[other..text.len().min(other + 30)].to_vec();
            text.splice(at..at, part);
        }
    }
}

#[test]
fn lines_of_every_kind_are_the_same() {
    for seed in 0..40 {
        let mut random = Random::new(seed);
        let files: Vec<_> = (0..3).map(|_| lines(&mut random, 60)).collect();
        check_same(&files, &Options::default());
    }
}

/// Records in arrays and objects, over one line or many.
fn document(random: &mut Random, count: u64) -> Vec<u8> {
    let kind = random.below(4);
    let record = |random: &mut Random| match random.below(2) {
        0 => legacy_line(random),
        _ => structured_line(random),
    };
    let mut text = String::new();
    for _ in 0..count {
        let inner = 1 + random.below(5);
        let records: Vec<String> = (0..inner).map(|_| record(random)).collect();
        let space = pick(random, &["", "", " ", "\n"]);
        match kind {
            0 => text += &format!("{{\"records\":[{}]}}\n", records.join(",")),
            1 => text += &format!("{{\"records\":{space}[{}{space}]}}", records.join(",\n")),
            2 => text += &records.concat(),
            _ => text += &format!("[{space}{}{space}]{space}", records.join(&format!(",{space}"))),
        }
    }
    if random.one_in(4) {
        text = text.replace(",\"resourceId\"", ",\n  \"resourceId\"");
    }
    text.into_bytes()
}

#[test]
fn documents_are_the_same() {
    for seed in 0..60 {
        let mut random = Random::new(seed);
        let mut files: Vec<_> = (0..3).map(|_| document(&mut random, 20)).collect();
        check_same(&files, &Options::default());
        damage(&mut random, &mut files[1]);
        check_same(&files, &Options::default());
    }
}

/// How many of the records in `text`, which stand in each other or on lines, are recognised.
fn recognised(text: &str) -> usize {
    let mut sink = Kept::default();
    let options = Options::default();
    let mut reader = Reader::new("f".into(), &options, &mut sink);
    let mut layouts = layout::Layouts::new(None);
    let splitter = Splitter::new(text.as_bytes(), options.value_bytes_max);
    lines::values(splitter, &mut layouts, &mut reader).unwrap();
    layouts.recognised()
}

#[test]
fn records_in_an_object_are_recognised() {
    let record = |second: u32| {
        format!(
            r#"{{"time":"2026-03-01T10:00:{second:02}Z","properties":{{"SourceIp":"192.0.2.{second}","Action":"Deny"}},"category":"AZFWNetworkRule"}}"#
        )
    };
    let records: Vec<String> = (0..50).map(record).collect();
    for text in [format!("{{\"records\":[{}]}}\n", records.join(",")), records.join("\n ")] {
        assert_eq!(recognised(&text), 49);
    }
}

#[test]
fn queries_and_urls_are_recognised() {
    let structured = |n: u32| {
        format!(
            r#"{{"properties":{{"SourceIp":"192.0.2.{n}","SourcePort":{n},"QueryId":{n},"QueryType":"A","QueryName":"a{n}.example.com.","RequestSize":{n},"ResponseSize":{n},"RequestDurationSecs":{n}.5e-05,"ErrorNumber":0,"ErrorMessage":""}},"category":"AZFWDnsQuery"}}"#
        )
    };
    let legacy = |message: String| {
        format!(r#"{{"properties":{{"msg":"{message}"}},"category":"AzureFirewallDnsProxy"}}"#)
    };
    let query = |n: u32| {
        legacy(format!(
            "DNS Request: 192.0.2.{n}:{n} - {n} A IN a{n}.example.com. udp {n} false 1232 NOERROR qr {n} 0.0{n}s"
        ))
    };
    let web = |n: u32| {
        legacy(format!(
            "HTTP  request from 192.0.2.{n}:{n} to a{n}.example.com:80. Url: a{n}.example.com/{n}. Action: Allow. Rule Collection: c. Rule: r"
        ))
    };
    for record in [&structured as &dyn Fn(u32) -> String, &query, &web] {
        let records: Vec<String> = (1..51).map(record).collect();
        assert_eq!(recognised(&records.join("\n")), 49, "{}", record(1));
    }
}

#[test]
fn most_lines_are_recognised() {
    let mut random = Random::new(7);
    let text: Vec<String> = (0..2_000).map(|_| structured_line(&mut random)).collect();
    let text = text.join("\n");
    let mut sink = Kept::default();
    let options = Options::default();
    let mut reader = Reader::new("f".into(), &options, &mut sink);
    let mut layouts = layout::Layouts::new(None);
    lines::json(text.as_bytes(), true, &mut layouts, &mut reader);
    let recognised = layouts.recognised();
    assert!(recognised > 500, "{recognised} of 2000");
}

#[test]
fn a_gap_of_a_stretch_hits_every_place() {
    let mut random = Random::new(11);
    let text: Vec<String> = (0..12).map(|_| row(&mut random)).collect();
    let file = format!("{HEADER}\n{}", text.join("\n")).into_bytes();
    let expected = general(from_ref(&file), &Options::default());
    for stretch_bytes in 1..file.len() {
        let options = Options { stretch_bytes, ..Options::default() };
        assert_eq!(side_by_side(from_ref(&file), &options, 1), expected, "{stretch_bytes}");
    }
}

/// Ends of a connection, with ports.
fn ends(random: &mut Random) -> (String, u64, String, u64) {
    let last = (random.below(200), random.below(200));
    let ports = (random.below(65_536), random.below(1_024));
    (format!("192.0.2.{}", last.0), ports.0, format!("198.51.100.{}", last.1), ports.1)
}

/// A file of something else than lines and rows of the firewall, and how it is to be read.
fn other(random: &mut Random, kind: u64, count: u64) -> (Vec<u8>, Options) {
    let mut options = Options::default();
    let header = match kind {
        0 => "#fields\tts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tconn_state",
        1 => "TimeGenerated,SrcIp,DestIp,DestPort,L4Protocol,FlowStatus,FlowDirection",
        2 => {
            let map = "time=TimeGenerated,source=SourceIp,destination=DestinationIp,port=DestinationPort,protocol=Protocol";
            options.columns = Some(ColumnMap::parse(map).unwrap());
            ""
        }
        3 | 4 => "",
        _ => "forwarded by a collector",
    };
    let mut text = header.to_owned();
    for index in 0..count {
        let (source, from, destination, to) = ends(random);
        let time = format!("2026-03-01T10:00:{:02}Z", index % 60);
        let line = match kind {
            0 => format!("1772359200.5\t{source}\t{from}\t{destination}\t{to}\ttcp\tSF"),
            1 => format!("{time},{source},{destination},{to},T,Allowed,Outbound"),
            2 => format!(
                r#"{{"TimeGenerated":"{time}","SourceIp":"{source}","DestinationIp":"{destination}","DestinationPort":{to},"Protocol":"TCP"}}"#
            ),
            3 if random.one_in(2) => structured_line(random),
            3 => format!(
                r#"{{"ts":"{time}","id.orig_h":"{source}","id.orig_p":{from},"id.resp_h":"{destination}","id.resp_p":{to},"proto":"tcp","conn_state":"SF"}}"#
            ),
            4 => format!(
                r#"{{"TimeGenerated":"{time}","SrcIp":"{source}","DestIp":"{destination}","DestPort":{to},"L4Protocol":"T","FlowStatus":"Allowed","FlowDirection":"Outbound","SourceIp":"{source}"}}"#
            ),
            _ => format!(
                "{time} fw TCP request from {source}:{from} to {destination}:{to}. Action: Deny"
            ),
        };
        text = format!("{text}\n{line}");
    }
    (text.trim_start().as_bytes().to_vec(), options)
}

#[test]
fn flow_logs_and_sentences_are_the_same() {
    for kind in 0..6 {
        let mut random = Random::new(kind);
        let (file, options) = other(&mut random, kind, 80);
        let first = lines(&mut random, 20);
        let expected = general(from_ref(&file), &options);
        assert!(expected.contains("kind: Flow") || kind == 5, "{kind}");
        assert!(expected.lines().count() > 40, "{kind}");
        check_same(&[first, file], &options);
    }
}

#[test]
fn archives_are_the_same() {
    let mut random = Random::new(13);
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for name in ["b.json", "a.csv", "picture.png"] {
        writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        let mut content = lines(&mut random, 50);
        damage(&mut random, &mut content);
        std::io::Write::write_all(&mut writer, &content).unwrap();
    }
    let archive = writer.finish().unwrap().into_inner();
    let is_log: fn(&str) -> bool = |name| !name.contains("picture");
    let line = structured_line(&mut random);
    let options = Options { rejects_kept: 3, ..Options::default() };
    let mut expected = (Kept::default(), Counts::default());
    let zip = |archive: &Vec<u8>| Cursor::new(archive.clone());
    for name in ["x", "a.zip", "y"] {
        let counts = match name {
            "a.zip" => read_zip(zip(&archive), name.into(), &options, is_log, &mut expected.0),
            _ => read(line.as_bytes(), name.into(), &options, &mut expected.0),
        };
        expected.1.merge(counts.unwrap(), options.rejects_kept);
    }
    assert!(expected.1.ignored.contains_key("file of an archive that is no log by its name"));
    let expected = told(&expected.0.0, &expected.0.1, &expected.1);
    for threads in 1..4 {
        let inputs = ["x", "a.zip", "y"].map(|name| {
            let bytes = match name {
                "a.zip" => Bytes::Zip { archive: Box::new(zip(&archive)), is_log },
                _ => Bytes::Stream(Box::new(Cursor::new(line.clone()))),
            };
            Ok(Input { file: name.into(), bytes })
        });
        let mut kept = Kept::default();
        let (files, counts) =
            read_in_order(inputs.into_iter(), &options, threads, &mut kept).unwrap();
        assert_eq!(files, 3);
        assert_eq!(told(&kept.0, &kept.1, &counts), expected);
    }
}

#[test]
fn damaged_compressed_files_are_the_same() {
    let mut random = Random::new(5);
    let text: Vec<String> = (0..200).map(|_| structured_line(&mut random)).collect();
    let text = text.join("\n");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, text.as_bytes()).unwrap();
    let mut packed = packed.finish().unwrap();
    check_same(from_ref(&packed), &Options::default());
    packed.truncate(packed.len() / 2);
    check_same(&[packed, text.into_bytes()], &Options::default());
}

#[test]
fn a_line_larger_than_a_stretch_may_be_is_read() {
    let mut random = Random::new(5);
    let long = format!(r#"{{"category":"AZFWNetworkRule","x":"{}"}}"#, "y".repeat(9 << 20));
    let text = [structured_line(&mut random), long, structured_line(&mut random)].join("\n");
    let file = text.into_bytes();
    let expected = general(from_ref(&file), &Options::default());
    assert!(side_by_side(from_ref(&file), &Options::default(), 2) == expected);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        rng_seed: RngSeed::Fixed(4),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn damaged_lines_are_the_same(seed: u64) {
        let mut random = Random::new(seed);
        let mut file = lines(&mut random, 24);
        for _ in 0..=random.below(12) {
            damage(&mut random, &mut file);
        }
        let second = lines(&mut random, 3);
        check_same(&[file, second], &Options::default());
    }
}
