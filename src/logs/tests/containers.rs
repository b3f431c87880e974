//! Every container.

use expect_test::expect;

use super::{A, B, DateOrder, Options, check, shown};

#[test]
fn json_lines() {
    check(
        &format!("{A}\n{B}\n"),
        expect![[r#"
        AzureFirewallNetworkRule: {"time":"2025-03-01T10:00:00.1234567Z","kind":"network","form":"legacy","firewall":"/subscriptions/s/resourcegroups/rg/providers/microsoft.network/azurefirewalls/fw","protocol":"tcp","source":"192.0.2.4","source_port":1,"destination":"198.51.100.7","destination_port":80,"action":"deny","origin":"f:1"}
        AZFWNetworkRule: {"time":"2025-03-01T10:00:00.123456Z","kind":"network","form":"structured","protocol":"udp","source":"192.0.2.4","source_port":2,"destination":"198.51.100.7","destination_port":53,"action":"allow","policy":"p","group":"g","collection":"c","rule":"r","tenant":"t","correlation":"c","origin":"f:2"}
    "#]],
    );
}

#[test]
fn records_of_an_event_hub() {
    check(
        &format!(r#"{{"records":[{A},{B}]}}{{"records":[{B}],"more":{{"a":[1]}}}}"#),
        expect![[r#"
        AzureFirewallNetworkRule: {"time":"2025-03-01T10:00:00.1234567Z","kind":"network","form":"legacy","firewall":"/subscriptions/s/resourcegroups/rg/providers/microsoft.network/azurefirewalls/fw","protocol":"tcp","source":"192.0.2.4","source_port":1,"destination":"198.51.100.7","destination_port":80,"action":"deny","origin":"f:1"}
        AZFWNetworkRule: {"time":"2025-03-01T10:00:00.123456Z","kind":"network","form":"structured","protocol":"udp","source":"192.0.2.4","source_port":2,"destination":"198.51.100.7","destination_port":53,"action":"allow","policy":"p","group":"g","collection":"c","rule":"r","tenant":"t","correlation":"c","origin":"f:1"}
        AZFWNetworkRule: {"time":"2025-03-01T10:00:00.123456Z","kind":"network","form":"structured","protocol":"udp","source":"192.0.2.4","source_port":2,"destination":"198.51.100.7","destination_port":53,"action":"allow","policy":"p","group":"g","collection":"c","rule":"r","tenant":"t","correlation":"c","origin":"f:1"}
    "#]],
    );
    check(
        &format!("{{\"records\": [\n{A}\n]\n}}\n{{ \"id\": 1, \"records\": [{B}]}}\n"),
        expect![[r#"
            AzureFirewallNetworkRule: {"time":"2025-03-01T10:00:00.1234567Z","kind":"network","form":"legacy","firewall":"/subscriptions/s/resourcegroups/rg/providers/microsoft.network/azurefirewalls/fw","protocol":"tcp","source":"192.0.2.4","source_port":1,"destination":"198.51.100.7","destination_port":80,"action":"deny","origin":"f:2"}
            AZFWNetworkRule: {"time":"2025-03-01T10:00:00.123456Z","kind":"network","form":"structured","protocol":"udp","source":"192.0.2.4","source_port":2,"destination":"198.51.100.7","destination_port":53,"action":"allow","policy":"p","group":"g","collection":"c","rule":"r","tenant":"t","correlation":"c","origin":"f:5"}
        "#]],
    );
    check(
        &format!(r#"{{"records":[{{"records":[{B}]}}]}}"#),
        expect![[r#"
        AZFWNetworkRule: {"time":"2025-03-01T10:00:00.123456Z","kind":"network","form":"structured","protocol":"udp","source":"192.0.2.4","source_port":2,"destination":"198.51.100.7","destination_port":53,"action":"allow","policy":"p","group":"g","collection":"c","rule":"r","tenant":"t","correlation":"c","origin":"f:1"}
    "#]],
    );
    check(r#"{"records":[]}"#, expect![]);
}

#[test]
fn an_array_of_flattened_objects() {
    check(
        r#"[
  {"procId":"x","PartitionId":0,"category":"AzureFirewallNetworkRule","time":"2025-03-01T10:00:00.44382Z","operationName":"AzureFirewallNetworkRuleLog","msg":"UDP request from 192.0.2.4:1 to 198.51.100.7:53. Action: Allow. "},
  {"category":"AZFWFlowTrace","time":"2025-03-01T10:00:01Z","Protocol":"TCP","SourceIp":"192.0.2.4","SourcePort":1,"DestinationIp":"198.51.100.7","DestinationPort":443,"Flag":"FIN","Action":"Log","ActionReason":"Additional TCP Log"}
]"#,
        expect![[r#"
            AzureFirewallNetworkRule: {"time":"2025-03-01T10:00:00.44382Z","kind":"network","form":"legacy","protocol":"udp","source":"192.0.2.4","source_port":1,"destination":"198.51.100.7","destination_port":53,"action":"allow","origin":"f:2"}
            AZFWFlowTrace: {"time":"2025-03-01T10:00:01Z","kind":"flow_trace","form":"structured","protocol":"tcp","source":"192.0.2.4","source_port":1,"destination":"198.51.100.7","destination_port":443,"reason":"Additional TCP Log","flag":"FIN","origin":"f:3"}
        "#]],
    );
}

#[test]
fn a_pretty_printed_document_keeps_its_line_numbers() {
    check(
        "[\n  {\n    \"category\": \"AZFWNatRule\",\n    \"properties\": {\n      \"Protocol\": \"TCP\"\n    }\n  },\n  {\n    \"category\": \"AZFWNatRule\",\n    \"Rule\": \"r\"\n  }\n]\n",
        expect![[r#"
            AZFWNatRule: {"kind":"nat","form":"structured","protocol":"tcp","action":"dnat","origin":"f:2"}
            AZFWNatRule: {"kind":"nat","form":"structured","action":"dnat","rule":"r","origin":"f:8"}
        "#]],
    );
}

#[test]
fn the_answer_of_a_query() {
    check(
        r#"{"tables":[{"name":"PrimaryResult","columns":[{"name":"TimeGenerated","type":"datetime"},{"name":"Protocol","type":"string"},{"name":"SourceIp","type":"string"},{"name":"Severity","type":"int"},{"name":"Category","type":"string"},{"name":"SignatureId","type":"string"},{"name":"_ResourceId","type":"string"},{"name":"TenantId","type":"string"},{"name":"Type","type":"string"}],"rows":[["2025-03-01T10:00:00Z","TCP","192.0.2.4",2,"Misc","2100366","/subscriptions/s","workspace","AZFWIdpsSignature"]]}],"error":{"code":"PartialError"}}"#,
        expect![[r#"
            AZFWIdpsSignature: {"time":"2025-03-01T10:00:00Z","kind":"idps","form":"structured","firewall":"/subscriptions/s","protocol":"tcp","source":"192.0.2.4","signature":{"id":"2100366","category":"Misc","severity":2},"origin":"f:1"}
            f:1: the query was answered only in part | {"tables":[{"name":"PrimaryRes
        "#]],
    );
}

#[test]
fn the_azure_command_line_writes_everything_as_text() {
    check(
        r#"[
  {
    "TableName": "PrimaryResult",
    "TimeGenerated": "2025-03-01T10:00:00Z",
    "Protocol": "HTTPS",
    "SourceIp": "192.0.2.4",
    "SourcePort": "50000",
    "DestinationPort": "443",
    "Fqdn": "www.example.com",
    "TargetUrl": "None",
    "Action": "Allow",
    "IsTlsInspected": "False",
    "IsExplicitProxyRequest": "True",
    "WebCategory": "None"
  }
]"#,
        expect![[r#"
            AZFWApplicationRule: {"time":"2025-03-01T10:00:00Z","kind":"application","form":"structured","protocol":"https","source":"192.0.2.4","source_port":50000,"destination_port":443,"fqdn":"www.example.com","action":"allow","tls_inspected":false,"explicit_proxy":true,"origin":"f:2"}
        "#]],
    );
}

#[test]
fn rows_of_azure_diagnostics() {
    check(
        r#"{"TenantId":"w","TimeGenerated":"2025-03-01T10:00:00Z","msg_s":"ICMP Type=8 request from 192.0.2.4:0 to 192.0.2.5:0. Action: Deny..","OperationName":"AzureFirewallNetworkRuleLog","Category":"AzureFirewallNetworkRule","Type":"AzureDiagnostics","_ResourceId":"/subscriptions/s"}
{"TimeGenerated":"2025-03-01T10:00:00Z","Category":"AZFWFlowTrace","SourceIP":"192.0.2.4","SourcePort_d":"45146.0","DestinationIp_s":"198.51.100.7","DestinationPort_d":443.0,"Protocol_s":"TCP","Action_s":"Log","ActionReason_s":"Additional TCP Log","Type":"AzureDiagnostics"}
{"TimeGenerated":"2025-03-01T10:00:00Z","Category":"ApplicationGatewayAccessLog","Type":"AzureDiagnostics"}"#,
        expect![[r#"
            AzureFirewallNetworkRule: {"time":"2025-03-01T10:00:00Z","kind":"network","form":"legacy","firewall":"/subscriptions/s","protocol":"icmp","icmp_type":8,"source":"192.0.2.4","destination":"192.0.2.5","action":"deny","origin":"f:1"}
            AZFWFlowTrace: {"time":"2025-03-01T10:00:00Z","kind":"flow_trace","form":"structured","protocol":"tcp","source":"192.0.2.4","source_port":45146,"destination":"198.51.100.7","destination_port":443,"reason":"Additional TCP Log","origin":"f:2"}
            1 ignored: category `ApplicationGatewayAccessLog`, which is none of the firewall's
        "#]],
    );
}

#[test]
fn data_export() {
    check(
        r#"{"TimeGenerated":"2025-03-01T10:00:00Z","_TimeReceived":"x","_ItemId":"y","Type":"AZFWThreatIntel","Protocol":"HTTP","SourceIp":"192.0.2.4","SourcePort":1,"DestinationIp":"","DestinationPort":80,"Fqdn":"bad.example.com","Url":"bad.example.com/a","Action":"Alert","ThreatDescription":"Bot Networks","IsTlsInspected":"false"}"#,
        expect![[r#"
            AZFWThreatIntel: {"time":"2025-03-01T10:00:00Z","kind":"threat_intel","form":"structured","protocol":"http","source":"192.0.2.4","source_port":1,"destination_port":80,"fqdn":"bad.example.com","url":"bad.example.com/a","action":"alert","threat":"Bot Networks","tls_inspected":false,"origin":"f:1"}
        "#]],
    );
}

#[test]
fn csv_of_the_portal() {
    check(
        "\u{feff}\"TimeGenerated [UTC]\",msg_s,OperationName,Category\r\n\"7/18/2025, 12:26:46.737 PM\",\"HTTPS request from 192.0.2.5:1 to www.example.com:443. Action: Allow. Rule Collection: c. Rule: \"\"r\"\"\",AzureFirewallApplicationRuleLog,AzureFirewallApplicationRule\r\n\"7/8/2025, 12:26:46.737 PM\",x,y,AzureFirewallApplicationRule\r\n",
        expect![[r#"
            AzureFirewallApplicationRule: {"time":"2025-07-18T12:26:46.737Z","kind":"application","form":"legacy","protocol":"https","source":"192.0.2.5","source_port":1,"destination_port":443,"fqdn":"www.example.com","action":"allow","collection":"c","rule":"\"r\"","origin":"f:2"}
            f:3: message not understood: expected `PROTOCOL request from` at character 1 | "7/8/2025, 12:26:46.737 PM",x,
        "#]],
    );
}

#[test]
fn csv_of_kusto() {
    check(
        "\"TimeGenerated\",\"SourceIp\",\"QueryName\",\"DnssecOkBit\",\"RequestDurationSecs\"\n\"2025-11-21 19:45:18.0766240\",\"2001:db8::4\",\"example.com.\",\"0\",\"3.4899E-05\"\n",
        expect![[r#"
            AZFWDnsQuery: {"time":"2025-11-21T19:45:18.076624Z","kind":"dns","form":"structured","source":"2001:db8::4","dns":{"name":"example.com","dnssec_ok":false,"duration_s":0.000034899},"origin":"f:2"}
        "#]],
    );
}

#[test]
fn csv_with_the_delimiter_of_a_benchmark() {
    check(
        "TimeGenerated❖SourceIp❖DestinationIp❖Action\n❖192.0.2.4❖192.0.2.5❖Allow\n",
        expect![[r#"
        AZFWNetworkRule: {"kind":"network","form":"structured","source":"192.0.2.4","destination":"192.0.2.5","action":"allow","origin":"f:2"}
    "#]],
    );
}

#[test]
fn local_time_of_an_unknown_zone_is_no_time() {
    check(
        "TimeGenerated [Local Time],SourceIp,DestinationIp,Action\n\"7/18/2025, 1:00:00.000 PM\",192.0.2.4,192.0.2.5,Allow\n",
        expect![[r#"
            AZFWNetworkRule: {"kind":"network","form":"structured","source":"192.0.2.4","destination":"192.0.2.5","action":"allow","origin":"f:2"}
        "#]],
    );
}

#[test]
fn a_bad_row_of_a_table_costs_only_itself() {
    check(
        "TimeGenerated,SourceIp,DestinationIp,Action\n,192.0.2.1,192.0.2.2,Allow\n,\"192.0.2.1,192.0.2.2,Deny\n,192.0.2.3,192.0.2.4,Allow\n,192.0.2.5\n\nTimeGenerated,SourceIp,DestinationIp,Action\n,192.0.2.7,192.0.2.8,\"Al\nlow\"\n,192.0.2.9,192.0.2.10,Deny",
        expect![[r#"
            AZFWNetworkRule: {"kind":"network","form":"structured","source":"192.0.2.1","destination":"192.0.2.2","action":"allow","origin":"f:2"}
            AZFWNetworkRule: {"kind":"network","form":"structured","source":"192.0.2.3","destination":"192.0.2.4","action":"allow","origin":"f:4"}
            AZFWNetworkRule: {"kind":"network","form":"structured","source":"192.0.2.9","destination":"192.0.2.10","action":"deny","origin":"f:10"}
            1 ignored: repeated header of a table
            f:3: a quoted field is not closed | ,"192.0.2.1,192.0.2.2,Deny
            f:5: 2 fields where the header has 4 | ,192.0.2.5
            f:8: unknown action `Al
            low` | ,192.0.2.7,192.0.2.8,"Al
            low"
        "#]],
    );
}

#[test]
fn wrapped_containers() {
    check(
        &format!(r#"{{"partition":1,"body":{{"records":[{B}]}}}}"#),
        expect![[r#"
        AZFWNetworkRule: {"time":"2025-03-01T10:00:00.123456Z","kind":"network","form":"structured","protocol":"udp","source":"192.0.2.4","source_port":2,"destination":"198.51.100.7","destination_port":53,"action":"allow","policy":"p","group":"g","collection":"c","rule":"r","tenant":"t","correlation":"c","origin":"f:1"}
    "#]],
    );
    check(
        r#"{"first":{"tables":[{"columns":[{"name":"msg_s"}],"rows":[["UDP request from 192.0.2.4:1 to 192.0.2.5:53. Action: Allow. "]]}]},"second":{"tables":[{"columns":[{"name":"Flag"}],"rows":[["FIN"]]}]}}"#,
        expect![[r#"
            AzureFirewallNetworkRule: {"kind":"network","form":"legacy","protocol":"udp","source":"192.0.2.4","source_port":1,"destination":"192.0.2.5","destination_port":53,"action":"allow","origin":"f:1"}
            AZFWFlowTrace: {"kind":"flow_trace","form":"structured","flag":"FIN","origin":"f:1"}
        "#]],
    );
}

#[test]
fn a_signature_in_azure_diagnostics_has_two_categories() {
    check(
        r#"{"Category":"AZFWIdpsSignature","Type":"AzureDiagnostics","Category_s":"Misc","SignatureId_s":"7","Severity_d":"1.0"}"#,
        expect![[r#"
            AZFWIdpsSignature: {"kind":"idps","form":"structured","signature":{"id":"7","category":"Misc","severity":1},"origin":"f:1"}
        "#]],
    );
}

#[test]
fn dates_of_csv_follow_the_order_that_is_asked_for() {
    let table = "TimeGenerated [UTC],SourceIp,DestinationIp,Action\n\"7/8/2025, 1:00:00.000 PM\",192.0.2.4,192.0.2.5,Allow\n";
    check(
        table,
        expect![[r#"
        f:2: ambiguous time: day and month could be swapped; say which comes first | "7/8/2025, 1:00:00.000 PM",192
    "#]],
    );
    let options = Options { date_order: Some(DateOrder::MonthFirst), ..Options::default() };
    expect![[r#"
        AZFWNetworkRule: {"time":"2025-07-08T13:00:00Z","kind":"network","form":"structured","source":"192.0.2.4","destination":"192.0.2.5","action":"allow","origin":"f:2"}
    "#]].assert_eq(&shown(table.as_bytes(), &options));
}

#[test]
fn envelopes_of_other_tools_are_opened() {
    let row = r#"{"category":"AZFWNetworkRule","time":"2026-03-01T10:00:00Z","properties":{"SourceIp":"192.0.2.4","DestinationIp":"198.51.100.7","Action":"Deny"}}"#;
    let quoted = serde_json::to_string(row).unwrap();
    let sentence = "TCP request from 192.0.2.4:1 to 198.51.100.7:80. Action: Deny.. ";
    for (envelope, count) in [
        (format!(r#"{{"preview":false,"result":{{"_raw":{quoted}}}}}"#), 1),
        (format!(r#"{{"event":{row},"sourcetype":"azure"}}"#), 1),
        (format!(r#"{{"_source":{{"event":{{"original":{quoted}}},"rule":{{"name":"x"}}}}}}"#), 1),
        (format!(r#"{{"@timestamp":"2026-03-01T10:00:00Z","event.original":{quoted}}}"#), 1),
        (format!(r#"{{"content":{{"attributes":{row}}}}}"#), 1),
        (format!(r#"{{"short_message":{quoted},"version":"1.1"}}"#), 1),
        (format!(r#"{{"@timestamp":"2026-03-01T10:00:00Z","message":"{sentence}"}}"#), 1),
        (format!(r#"{{"message":"{{\"a\":1}}","time":"{sentence}"}}"#), 0),
        (r#"{"message":"hello","event":{"kind":"x"}}"#.to_owned(), 0),
    ] {
        let (records, counts) = super::read_all(envelope.as_bytes(), &super::Options::default());
        assert_eq!((records.len(), counts.inputs), (count, 1), "{envelope}");
        for record in records {
            assert_eq!(
                record.time.map(|time| time.to_string()).as_deref(),
                Some("2026-03-01T10:00:00Z")
            );
            assert_eq!(record.source, "192.0.2.4".parse().ok());
        }
    }
}

#[test]
fn a_dash_in_a_dns_sentence_is_nothing() {
    check(
        "DNS Request: 192.0.2.6:5350 - 10407 A IN www.example.com. udp 40 false 1232 - - 0 5.0s\n",
        expect![[r#"
            AzureFirewallNetworkRule: {"kind":"dns","form":"legacy","source":"192.0.2.6","source_port":5350,"dns":{"id":10407,"type":"A","class":"IN","name":"www.example.com","protocol":"udp","request_size":40,"dnssec_ok":false,"edns_size":1232,"response_size":0,"duration_s":5.0},"origin":"f:1"}
        "#]],
    );
}

#[test]
fn brackets_behind_an_escaped_quotation_mark_are_text() {
    let record = r#"{"category":"AZFWNatRule","properties":{"Rule":"a name \" } ] \\","SourceIp":"192.0.2.4"}}"#;
    let (records, counts) = super::read_all(record.as_bytes(), &super::Options::default());
    assert_eq!((counts.rejected, records.len()), (0, 1));
    assert_eq!(records[0].rule.as_deref(), Some(r#"a name " } ] \"#));
}
