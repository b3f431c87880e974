//! Records as other tools hand them on.

use expect_test::expect;

use super::{A, B, check};

/// Reads `text`, which holds the records `A` and `B` in this order, in whatever envelope.
#[track_caller]
fn check_both(text: &str) {
    let (records, counts) = super::read_all(text.as_bytes(), &super::Options::default());
    let found: Vec<_> = records.iter().map(|record| record.category.as_str()).collect();
    assert_eq!(found, ["AzureFirewallNetworkRule", "AZFWNetworkRule"], "{text} {counts:?}");
    assert_eq!(counts.inputs, 2);
    assert!(records.iter().all(|record| record.time.is_some() && record.source.is_some()));
    assert!(records.iter().all(|record| record.reason.is_none()), "{records:?}");
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

#[test]
fn answers_of_search_interfaces_are_lists_of_envelopes() {
    for list in ["data", "value", "results", "logs", "events", "messages", "items", "rows"] {
        check_both(&format!(r#"{{"count":2,"{list}":[{A},{B}]}}"#));
    }
    let (a, b) = (quoted(A), quoted(B));
    check_both(&format!(
        r#"{{"took":1,"hits":{{"total":2,"hits":[{{"_source":{{"event":{{"original":{a}}}}}}},{{"_source":{{"message":{b}}}}}]}}}}"#
    ));
    check_both(&format!(
        r#"{{"data":[{{"type":"log","attributes":{{"message":"","attributes":{A}}}}},{{"attributes":{{"attributes":{B}}}}}]}}"#
    ));
    check_both(&format!(
        r#"{{"messages":[{{"message":{A}}},{{"message":{{"full_message":{b}}}}}]}}"#
    ));
    check_both(&format!(r#"{{"body":{{"records":[{A},{B}]}},"x-opt-offset":"1"}}"#));
    check_both(&format!(
        r#"{{"_raw":{},"_time":1}}"#,
        quoted(&format!(r#"{{"records":[{A},{B}]}}"#))
    ));
}

#[test]
fn a_list_of_other_things_is_one_reject() {
    check(
        r#"{"data":[{"a":1},{"b":2}]}"#,
        expect![[r#"
            f:1: no known column | {"data":[{"a":1},{"b":2}]}
        "#]],
    );
}

#[test]
fn a_record_stands_behind_what_a_forwarder_writes() {
    check_both(&format!(
        "<14>Mar  1 10:00:00 host azure: {A}\n<14>Mar  1 10:00:00 host azure: {B}\n"
    ));
    check_both(&format!(
        "CEF:0|vendor|product|1|id|x|0|dproc=EventHub msg={A} end=1\n2026-03-01 azure.fw: {B}"
    ));
    check(
        "Mar  1 10:00:00 host app: started {\"pid\": 4}\nMar  1 10:00:00 fw {\"category\":\"AZFWNatRule\",\"Protocol\":\"TCP\"}\n",
        expect![[r#"
            AZFWNatRule: {"kind":"nat","form":"structured","protocol":"tcp","action":"dnat","origin":"f:2"}
            f:1: no sentence of a firewall log | Mar  1 10:00:00 host app: star
        "#]],
    );
}

#[test]
fn lines_of_syslog_may_stand_among_others() {
    check_both(&format!("{A}\n<14>Mar  1 10:00:00 host azure: {B}\n"));
    check(
        &format!("{{}}\n14> {A}\n<14>1 2026-03-01T10:00:00Z fw - - - started\n"),
        expect![[r#"
        f:1: no known column | {}
        f:2: not a JSON object | 14> {"category":"AzureFirewall
        f:3: no sentence of a firewall log | <14>1 2026-03-01T10:00:00Z fw 
    "#]],
    );
}

#[test]
fn the_time_of_an_envelope_may_be_a_number() {
    let sentence = "TCP request from 192.0.2.4:1 to 198.51.100.7:80. Action: Deny. ";
    for time in ["1767225600", "1767225600.0", "\"1767225600000\""] {
        let text = format!(r#"{{"event":"{sentence}","time":{time}}}"#);
        let (records, _) = super::read_all(text.as_bytes(), &super::Options::default());
        assert_eq!(records[0].time.unwrap().to_string(), "2026-01-01T00:00:00Z", "{text}");
    }
}

#[test]
fn properties_may_be_text_or_flattened() {
    let message = "TCP request from 192.0.2.4:1 to 198.51.100.7:80. Action: Deny. ";
    let properties = quoted(&format!(r#"{{"msg":"{message}"}}"#));
    for members in [
        format!(r#""properties":{properties}"#),
        format!(r#""properties.msg":"{message}""#),
        format!(r#""properties_msg":"{message}""#),
        format!(r#""properties_msg_s":"{message}""#),
    ] {
        let line = format!(r#"{{"category":"AzureFirewallNetworkRule",{members}}}"#);
        check(
            &line,
            expect![[r#"
                AzureFirewallNetworkRule: {"kind":"network","form":"legacy","protocol":"tcp","source":"192.0.2.4","source_port":1,"destination":"198.51.100.7","destination_port":80,"action":"deny","origin":"f:1"}
            "#]],
        );
    }
}

#[test]
fn the_columns_of_a_legacy_category_are_read_where_its_sentence_is_gone() {
    check(
        r#"{"category":"AzureFirewallNetworkRule","operationName":"AzureFirewallNetworkRuleLog","properties":{"msg":"Deny","protocol":"TCP","sourceIP":"192.0.2.4","sourcePort":"44321","destinationIP":"198.51.100.7","destinationPort":"3389","action":"Deny"}}
{"category":"AzureFirewallApplicationRule","properties":{"Protocol":"HTTPS","SourceIp":"192.0.2.4","Fqdn":"www.example.com","Action":"Allow"}}
{"category":"AzureFirewallNetworkRule","properties":{"msg":"Deny","action":"Deny"}}"#,
        expect![[r#"
            AzureFirewallNetworkRule: {"kind":"network","form":"structured","protocol":"tcp","source":"192.0.2.4","source_port":44321,"destination":"198.51.100.7","destination_port":3389,"action":"deny","origin":"f:1"}
            AzureFirewallApplicationRule: {"kind":"application","form":"structured","protocol":"https","source":"192.0.2.4","fqdn":"www.example.com","action":"allow","origin":"f:2"}
            f:3: message not understood: expected `PROTOCOL request from` at character 1 | {"category":"AzureFirewallNetw
        "#]],
    );
}

#[test]
fn times_are_read_as_collectors_write_them() {
    let time = |text: &str, order: Option<super::DateOrder>| {
        let line = A.replace("2025-03-01T10:00:00.1234567Z", text);
        let options = super::Options { date_order: order, ..super::Options::default() };
        let (records, _) = super::read_all(line.as_bytes(), &options);
        records.first().and_then(|record| record.time).map(|time| time.to_string())
    };
    let day = Some("2007-01-09T09:41:00Z".to_owned());
    for text in ["01/09/2007 09:41:00", "1/9/2007 9:41:00 AM", "1/9/2007 10:41:00 AM +01:00"] {
        assert_eq!(time(text, Some(super::DateOrder::MonthFirst)), day, "{text}");
        assert_eq!(time(text, None), None, "{text}");
    }
    for text in
        ["2007-01-09T09:41:00", "2007-01-09T11:41:00+02:00", "2007-01-09 09:41:00.000000000Z"]
    {
        assert_eq!(time(text, None), day, "{text}");
    }
}
