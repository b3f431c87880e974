//! Every flow log, with a small file of our own.

use std::fmt::Write as _;
use std::sync::Arc;

use expect_test::{Expect, expect};

use super::*;
use crate::logs::{NormalForm, flow_of, read};

fn options(columns: Option<&str>) -> Options {
    Options { columns: columns.map(|text| ColumnMap::parse(text).unwrap()), ..Options::default() }
}

fn shown(input: &str, columns: Option<&str>) -> String {
    let mut sink = OncePerFlow::new(Vec::new());
    let counts = read(input.as_bytes(), Arc::from("f"), &options(columns), &mut sink).unwrap();
    let mut text = String::new();
    for record in &sink.sink {
        writeln!(text, "{}", serde_json::to_string(&NormalForm::from(record)).unwrap()).unwrap();
    }
    if sink.repeated > 0 {
        writeln!(text, "{} repeated", sink.repeated).unwrap();
    }
    for (reason, count) in &counts.ignored {
        writeln!(text, "{count} ignored: {reason}").unwrap();
    }
    for reject in &counts.first_rejects {
        writeln!(text, "{}: {} | {}", reject.origin, reject.reason, reject.excerpt).unwrap();
    }
    let records = sink.sink.len() as u64 + sink.repeated;
    assert_eq!(counts.records_total(), records);
    assert_eq!(counts.inputs, records + counts.ignored_total() + counts.rejected);
    text
}

#[track_caller]
fn check(input: &str, expected: Expect) {
    expected.assert_eq(&shown(input, None));
}

#[test]
fn network_security_groups() {
    check(
        r#"{"records":[{"time":"2026-03-01T10:00:00Z","category":"NetworkSecurityGroupFlowEvent","properties":{"Version":1,"flows":[{"rule":"DefaultRule_DenyAllInBound","flows":[{"mac":"0","flowTuples":["1772359200,198.51.100.9,192.0.2.4,50000,22,T,I,D"]}]},{"rule":"UserRule_ntp","flows":[{"mac":"0","flowTuples":["1772359201,192.0.2.4,198.51.100.7,123,123,U,O,A","1772359201,192.0.2.4"]}]}]}},
{"time":"2026-03-01T10:00:00Z","category":"NetworkSecurityGroupFlowEvent","properties":{"Version":2,"flows":[{"rule":"r","flows":[{"mac":"0","flowTuples":["1772359202,192.0.2.4,198.51.100.7,50001,443,T,O,A,B,,,,","1772359203,192.0.2.4,198.51.100.7,50001,443,T,O,A,C,1,2,3,4","1772359204,192.0.2.4,198.51.100.7,50001,443,T,O,A,E,1,2,3,4","1772359204,192.0.2.4,198.51.100.7,50001,443,T,O,A,X"]}]}]}}]}"#,
        expect![[r#"
            {"time":"2026-03-01T10:00:00Z","kind":"flow","form":"flow_log","protocol":"tcp","source":"198.51.100.9","source_port":50000,"destination":"192.0.2.4","destination_port":22,"action":"deny","reason":"denied by a network security group","rule":"DefaultRule_DenyAllInBound","flag":"in","origin":"f:1"}
            {"time":"2026-03-01T10:00:01Z","kind":"flow","form":"flow_log","protocol":"udp","source":"192.0.2.4","source_port":123,"destination":"198.51.100.7","destination_port":123,"rule":"UserRule_ntp","flag":"out","origin":"f:1"}
            {"time":"2026-03-01T10:00:02Z","kind":"flow","form":"flow_log","protocol":"tcp","source":"192.0.2.4","source_port":50001,"destination":"198.51.100.7","destination_port":443,"rule":"r","flag":"out","origin":"f:2"}
            2 ignored: flow log entry of a flow that began earlier
            f:1: a flow tuple of 2 fields, expected 8 or 13 | 1772359201,192.0.2.4
            f:2: unknown flow state `AX` | 1772359204,192.0.2.4,198.51.100.7,50001,443,T,O,A,X
        "#]],
    );
}

#[test]
fn virtual_networks_see_a_flow_at_both_ends() {
    check(
        r#"{"time":"2026-03-01T10:00:00Z","category":"FlowLogFlowEvent","flowLogVersion":4,"flowRecords":{"flows":[{"aclID":"a","flowGroups":[{"rule":"out","flowTuples":["1772359200123,192.0.2.4,192.0.2.99,50000,443,6,O,B,NX,0,0,0,0","1772359210123,192.0.2.4,192.0.2.99,50000,443,6,O,E,NX,3,7,2,1"]}]}]}}
{"time":"2026-03-01T10:00:00Z","category":"FlowLogFlowEvent","flowLogVersion":4,"flowRecords":{"flows":[{"aclID":"b","flowGroups":[{"rule":"in","flowTuples":["1772359200,192.0.2.4,192.0.2.99,50000,443,6,I,B,NX,,,,","1772359300000,192.0.2.4,192.0.2.99,50000,443,6,I,B,NX,,,,","1772359300000,192.0.2.4,192.0.2.99,0,0,1,I,B,NX,,,,"]},{"rule":"deny","flowTuples":["1772359300000,2001:db8::1,2001:db8::2,1,22,6,I,D,NX,0,0,0,0","x,y,z,1,22,6,I,D,NX"]}]}]}}
{"time":"2026-03-01T10:00:00Z","category":"FlowLogFlowEvent","flowRecords":{"flows":[]}}"#,
        expect![[r#"
            {"time":"2026-03-01T10:00:00.123Z","kind":"flow","form":"flow_log","protocol":"tcp","source":"192.0.2.4","source_port":50000,"destination":"192.0.2.99","destination_port":443,"rule":"out","flag":"out","origin":"f:1"}
            {"time":"2026-03-01T10:01:40Z","kind":"flow","form":"flow_log","protocol":"tcp","source":"192.0.2.4","source_port":50000,"destination":"192.0.2.99","destination_port":443,"rule":"in","flag":"in","origin":"f:2"}
            {"time":"2026-03-01T10:01:40Z","kind":"flow","form":"flow_log","protocol":"icmp","source":"192.0.2.4","destination":"192.0.2.99","rule":"in","flag":"in","origin":"f:2"}
            {"time":"2026-03-01T10:01:40Z","kind":"flow","form":"flow_log","protocol":"tcp","source":"2001:db8::1","source_port":1,"destination":"2001:db8::2","destination_port":22,"action":"deny","reason":"denied by a network security group","rule":"deny","flag":"in","origin":"f:2"}
            1 repeated
            1 ignored: flow log entry of a flow that began earlier
            1 ignored: flow log record without flows
            f:2: unreadable time `x` | x,y,z,1,22,6,I,D,NX
        "#]],
    );
}

#[test]
fn hubble() {
    let tcp = |verdict: &str, more: &str, flags: &str| {
        format!(
            r#"{{"flow":{{"time":"2026-03-01T10:00:00.5Z","verdict":"{verdict}",{more}"IP":{{"source":"192.0.2.4","destination":"198.51.100.7","ipVersion":"IPv4"}},"l4":{{"TCP":{{"source_port":50000,"destination_port":443,"flags":{{{flags}}}}}}},"traffic_direction":"EGRESS"}},"node_name":"n"}}"#
        )
    };
    let syn = r#""SYN":true"#;
    let lines = [
        tcp("FORWARDED", r#""destination_names":["a.example.com."],"#, syn),
        tcp("FORWARDED", r#""is_reply":true,"#, r#""SYN":true,"ACK":true"#),
        tcp("FORWARDED", "", r#""ACK":true"#),
        tcp("TRACED", "", syn),
        tcp("DROPPED", r#""drop_reason_desc":"POLICY_DENIED","#, syn).replace("50000", "50001"),
        r#"{"flow":{"verdict":"FORWARDED","IP":{"source":"2001:db8::1","destination":"2001:db8::2"},"l4":{"ICMPv6":{"type":128}}},"time":"2026-03-01T10:00:00Z"}"#.to_owned(),
        r#"{"flow":{"verdict":"FORWARDED","IP":{"source":"","destination":"2001:db8::2"},"l4":{"UDP":{}}}}"#.to_owned(),
    ];
    check(
        &lines.join("\n"),
        expect![[r#"
        {"time":"2026-03-01T10:00:00.5Z","kind":"flow","form":"flow_log","protocol":"tcp","source":"192.0.2.4","source_port":50000,"destination":"198.51.100.7","destination_port":443,"fqdn":"a.example.com","flag":"out","origin":"f:1"}
        {"time":"2026-03-01T10:00:00.5Z","kind":"flow","form":"flow_log","protocol":"tcp","source":"192.0.2.4","source_port":50001,"destination":"198.51.100.7","destination_port":443,"action":"deny","reason":"dropped in the cluster: POLICY_DENIED","flag":"out","origin":"f:5"}
        {"time":"2026-03-01T10:00:00Z","kind":"flow","form":"flow_log","protocol":"icmpv6","icmp_type":128,"source":"2001:db8::1","destination":"2001:db8::2","origin":"f:6"}
        1 ignored: Hubble flow that is a reply
        1 ignored: Hubble flow that is neither forwarded nor dropped
        1 ignored: flow log entry of a flow that began earlier
        f:7: unreadable source address `` | {"flow":{"verdict":"FORWARDED","IP":{"source":"","destination":"2001:db8::2"},"l4":{"UDP":{}}}}
    "#]],
    );
}

#[test]
fn zeek_as_text_and_as_json() {
    check(
        "#separator \\x09\n#set_separator\t,\n#path\tconn\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tconn_state\n#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tstring\n1772359200.123456\tC1\t192.0.2.4\t50000\t198.51.100.7\t443\ttcp\tssl\tSF\n1772359201.0\tC2\t192.0.2.4\t8\t198.51.100.7\t0\ticmp\t-\tOTH\n1772359202.0\tC3\t192.0.2.4\t50001\t198.51.100.7\t443\ttcp\t-\tOTH\n1772359202.0\tC3\n#close\t2026-03-01-11-00-00\n",
        expect![[r#"
            {"time":"2026-03-01T10:00:00.123456Z","kind":"flow","form":"flow_log","protocol":"tcp","source":"192.0.2.4","source_port":50000,"destination":"198.51.100.7","destination_port":443,"origin":"f:6"}
            {"time":"2026-03-01T10:00:01Z","kind":"flow","form":"flow_log","protocol":"icmp","icmp_type":8,"source":"192.0.2.4","destination":"198.51.100.7","origin":"f:7"}
            1 ignored: flow log entry of a flow that began earlier
            f:9: 2 fields where the header has 9 | 1772359202.0	C3
        "#]],
    );
    check(
        r#"{"ts":1772359200.5,"uid":"C1","id.orig_h":"2001:db8::4","id.orig_p":50000,"id.resp_h":"2001:db8::5","id.resp_p":53,"proto":"udp","conn_state":"SF"}"#,
        expect![[r#"
            {"time":"2026-03-01T10:00:00.5Z","kind":"flow","form":"flow_log","protocol":"udp","source":"2001:db8::4","source_port":50000,"destination":"2001:db8::5","destination_port":53,"origin":"f:1"}
        "#]],
    );
    check(
        "#separator \\x09\n#fields\tts\tuid\tquery\n1\tC\tx\n",
        expect![[r#"
        1 ignored: Zeek log that is no conn.log
    "#]],
    );
}

#[test]
fn traffic_analytics() {
    check(
        r#"{"Type":"NTANetAnalytics","TimeGenerated":"2026-03-01T10:10:00Z","SubType":"FlowLog","FlowStartTime":"2026-03-01T10:00:00Z","SrcIp":"192.0.2.4","DestIp":"","DestPublicIps":"198.51.100.7|3|1|0|0|0|0 198.51.100.8|0|0|0","DestPort":443,"L4Protocol":"T","FlowDirection":"Outbound","FlowStatus":"Allowed","AllowedInFlows":0,"AllowedOutFlows":4,"AclRule":"r"}
{"Type":"NTANetAnalytics","SubType":"FlowLog","FlowStartTime":"2026-03-01T10:00:00Z","SrcIp":"192.0.2.4","DestIp":"192.0.2.5","DestPort":22,"L4Protocol":"T","FlowDirection":"Inbound","FlowStatus":"Denied","DeniedInFlows":2}
{"Type":"NTANetAnalytics","SubType":"FlowLog","FlowStartTime":"2026-03-01T10:00:20Z","SrcIp":"192.0.2.4","DestIp":"192.0.2.5","DestPort":22,"L4Protocol":"T","FlowDirection":"Outbound","FlowStatus":"Allowed","AllowedOutFlows":2}
{"Type":"NTANetAnalytics","SubType":"FlowLog","SrcIp":"192.0.2.4","DestIp":"192.0.2.5","DestPort":22,"L4Protocol":"T","IsFlowCapturedAtUdrHop":true}
{"Type":"NTANetAnalytics","SubType":"StatusMessage","L4Protocol":"","SrcIp":""}
{"Type":"NTANetAnalytics","SubType":"FlowLog","SrcIp":"","L4Protocol":"T"}"#,
        expect![[r#"
            {"time":"2026-03-01T10:00:00Z","kind":"flow","form":"flow_log","protocol":"tcp","source":"192.0.2.4","destination":"198.51.100.7","destination_port":443,"rule":"r","flag":"out","count":3,"origin":"f:1"}
            {"time":"2026-03-01T10:00:00Z","kind":"flow","form":"flow_log","protocol":"tcp","source":"192.0.2.4","destination":"198.51.100.8","destination_port":443,"rule":"r","flag":"out","count":4,"origin":"f:1"}
            {"time":"2026-03-01T10:00:00Z","kind":"flow","form":"flow_log","protocol":"tcp","source":"192.0.2.4","destination":"192.0.2.5","destination_port":22,"action":"deny","reason":"denied by a network security group","flag":"in","count":2,"origin":"f:2"}
            {"time":"2026-03-01T10:00:20Z","kind":"flow","form":"flow_log","protocol":"tcp","source":"192.0.2.4","destination":"192.0.2.5","destination_port":22,"flag":"out","count":2,"origin":"f:3"}
            1 ignored: flow log entry taken again on the way
            1 ignored: row of `NTANetAnalytics` that is no flow
            f:6: neither `SrcIp` nor `SrcPublicIps` | {"Type":"NTANetAnalytics","SubType":"FlowLog","SrcIp":"","L4Protocol":"T"}
        "#]],
    );
    check(
        "TimeGenerated [UTC],SubType,SrcIp,DestIp,DestPort,L4Protocol\n\"2026-03-01T10:00:00Z\",FlowLog,192.0.2.4,192.0.2.5,53,U\n",
        expect![[r#"
            {"time":"2026-03-01T10:00:00Z","kind":"flow","form":"flow_log","protocol":"udp","source":"192.0.2.4","destination":"192.0.2.5","destination_port":53,"count":1,"origin":"f:2"}
        "#]],
    );
    check(
        r#"{"tables":[{"name":"PrimaryResult","columns":[{"name":"SubType"},{"name":"SrcIp"},{"name":"DestIp"},{"name":"DestPort"},{"name":"L4Protocol"}],"rows":[["FlowLog","192.0.2.4","192.0.2.5",53,"U"]]}]}"#,
        expect![[r#"
            {"kind":"flow","form":"flow_log","protocol":"udp","source":"192.0.2.4","destination":"192.0.2.5","destination_port":53,"count":1,"origin":"f:1"}
        "#]],
    );
}

#[test]
fn columns_that_the_user_names() {
    let map = "source=src_ip, destination=dst_ip,port=dport,protocol=proto,time=when,name=host";
    expect![[r#"
        {"time":"2026-03-01T10:00:00Z","kind":"flow","form":"flow_log","protocol":"tcp","source":"192.0.2.4","destination":"198.51.100.7","destination_port":443,"origin":"f:2"}
        {"time":"2026-03-01T10:00:00Z","kind":"flow","form":"flow_log","protocol":"https","source":"192.0.2.4","destination_port":443,"fqdn":"a.example.com","origin":"f:3"}
        f:4: no source address or no protocol | ;;198.51.100.7;443;tcp;
        f:5: unreadable `dport`: `70000` | ;192.0.2.4;198.51.100.7;70000;tcp;
        f:6: unknown protocol `what` | ;192.0.2.4;198.51.100.7;1;what;
    "#]].assert_eq(&shown(
        "when;src_ip;dst_ip;dport;proto;host\n1772359200;192.0.2.4;198.51.100.7;443;6;\n1772359200000;192.0.2.4;;443;HTTPS;A.example.com.\n;;198.51.100.7;443;tcp;\n;192.0.2.4;198.51.100.7;70000;tcp;\n;192.0.2.4;198.51.100.7;1;what;\n",
        Some(map),
    ));
    let error = |text| ColumnMap::parse(text).unwrap_err().to_string();
    expect!["`source` is not of the form FIELD=COLUMN"].assert_eq(&error("source"));
    expect!["no column for `protocol`"].assert_eq(&error("source=a,destination=b"));
    expect!["no column for `destination` and none for `fqdn`"]
        .assert_eq(&error("source=a,protocol=b"));
    expect!["`port` is given twice"].assert_eq(&error("destination_port=a,port=b"));
    expect!["no field `src`; there are time, protocol, source, source_port, destination, destination_port, port, fqdn, name, count"]
        .assert_eq(&error("src=a"));
}

#[test]
fn flows_are_what_a_firewall_would_have_seen() {
    let input = "s,d,p,proto,n\n192.0.2.4,198.51.100.7,443,tcp,a.example.com\n192.0.2.4,,443,https,b.example.com\n";
    let map = options(Some("source=s,destination=d,port=p,protocol=proto,name=n"));
    let mut records = Vec::new();
    read(input.as_bytes(), Arc::from("f"), &map, &mut records).unwrap();
    let flows: Vec<String> = records
        .iter()
        .map(|record| crate::syntax::flow::print_flow(&flow_of(record).unwrap()))
        .collect();
    expect![[r#"
        tcp 192.0.2.4 -> a.example.com:443 destination=198.51.100.7
        https 192.0.2.4 -> b.example.com:443"#]]
    .assert_eq(&flows.join("\n"));
    records[0].action = Some(LoggedAction::Deny);
    assert_eq!(
        flow_of(&records[0]).unwrap_err().to_string(),
        "denied by a network security group or in the cluster, not by the firewall"
    );
}
