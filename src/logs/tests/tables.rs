//! Every table and every kind of sentence.

use expect_test::expect;

use super::{check, check_row};

#[test]
fn network_rows() {
    check_row(
        "AZFWNetworkRule",
        r#"{"Protocol":"ICMPv6 Type=128","SourceIp":"[2001:0db8:0000:0000:0000:0000:0000:0004]","SourcePort":0,"DestinationIp":"[2001:0db8:0000:0000:0000:0000:0000:0005]","DestinationPort":0,"Action":"Deny","Policy":"","RuleCollectionGroup":"","RuleCollection":"","Rule":"","ActionReason":"Default Action"}"#,
        expect![[r#"
            AZFWNetworkRule: {"kind":"network","form":"structured","protocol":"icmpv6","icmp_type":128,"source":"2001:db8::4","destination":"2001:db8::5","action":"deny","reason":"Default Action","origin":"f:1"}
        "#]],
    );
    check_row(
        "azfwnetworkrule",
        r#"{"protocol":"TCP","sourceip":"192.0.2.4","SourcePort":"","DestinationIp":"198.51.100.7","DestinationPort":"443","Action":"allow","Unknown":{"a":[1]}}"#,
        expect![[r#"
            azfwnetworkrule: {"kind":"network","form":"structured","protocol":"tcp","source":"192.0.2.4","destination":"198.51.100.7","destination_port":443,"action":"allow","origin":"f:1"}
        "#]],
    );
}

#[test]
fn application_rows() {
    check_row(
        "AZFWApplicationRule",
        r#"{"Protocol":"HTTPS","SourceIp":"192.0.2.4","SourcePort":1,"DestinationPort":443,"Fqdn":"WWW.example.com.","TargetUrl":"https://www.example.com/a","Action":"Deny","Policy":"p","RuleCollectionGroup":"g","RuleCollection":"c","Rule":"r","ActionReason":"","IsTlsInspected":true,"WebCategory":"News","IsExplicitProxyRequest":1}"#,
        expect![[r#"
            AZFWApplicationRule: {"kind":"application","form":"structured","protocol":"https","source":"192.0.2.4","source_port":1,"destination_port":443,"fqdn":"www.example.com","url":"https://www.example.com/a","web_category":"News","action":"deny","policy":"p","group":"g","collection":"c","rule":"r","tls_inspected":true,"explicit_proxy":true,"origin":"f:1"}
        "#]],
    );
}

#[test]
fn nat_rows_have_the_action_dnat() {
    check_row(
        "AZFWNatRule",
        r#"{"Protocol":"TCP","SourceIp":"203.0.113.9","SourcePort":7,"DestinationIp":"198.51.100.7","DestinationPort":3389,"TranslatedIp":"192.0.2.4","TranslatedPort":"22","Policy":"p","RuleCollectionGroup":"g","RuleCollection":"c","Rule":"r"}"#,
        expect![[r#"
            AZFWNatRule: {"kind":"nat","form":"structured","protocol":"tcp","source":"203.0.113.9","source_port":7,"destination":"198.51.100.7","destination_port":3389,"action":"dnat","policy":"p","group":"g","collection":"c","rule":"r","translated":"192.0.2.4","translated_port":22,"origin":"f:1"}
        "#]],
    );
}

#[test]
fn signature_rows() {
    check_row(
        "AZFWIdpsSignature",
        r#"{"Protocol":"TCP","SourceIp":"192.0.2.4","SourcePort":1,"DestinationIp":"203.0.113.9","DestinationPort":80,"Action":"drop","SignatureId":"2008989","Category":"Attempted Information Leak","Description":"POLICY check","Severity":"2"}"#,
        expect![[r#"
            AZFWIdpsSignature: {"kind":"idps","form":"structured","protocol":"tcp","source":"192.0.2.4","source_port":1,"destination":"203.0.113.9","destination_port":80,"action":"deny","signature":{"id":"2008989","category":"Attempted Information Leak","description":"POLICY check","severity":2},"origin":"f:1"}
        "#]],
    );
}

#[test]
fn dns_rows() {
    check_row(
        "AZFWDnsQuery",
        r#"{"SourceIp":"2001:db8::4","SourcePort":33693,"QueryId":2909,"QueryType":"AAAA","QueryClass":"IN","QueryName":"example.com.","Protocol":"tcp","RequestSize":51,"DnssecOkBit":false,"EDNS0BufferSize":65535,"ResponseCode":"NOERROR","ResponseFlags":"qr,rd,ra","ResponseSize":180,"RequestDurationSecs":9.2102e-05,"ErrorNumber":0,"ErrorMessage":""}"#,
        expect![[r#"
            AZFWDnsQuery: {"kind":"dns","form":"structured","source":"2001:db8::4","source_port":33693,"dns":{"id":2909,"type":"AAAA","class":"IN","name":"example.com","protocol":"tcp","request_size":51,"dnssec_ok":false,"edns_size":65535,"rcode":"NOERROR","flags":"qr,rd,ra","response_size":180,"duration_s":0.000092102},"origin":"f:1"}
        "#]],
    );
    // As Azure cuts the columns of an upstream time-out.
    check_row(
        "AZFWDnsQuery",
        r#"{"SourceIp":"","SourcePort":"","QueryId":0,"QueryType":"A:","QueryClass":"","QueryName":"example.com.","ResponseCode":"0","ErrorNumber":0,"ErrorMessage":"i/o timeout"}"#,
        expect![[r#"
            AZFWDnsQuery: {"kind":"dns","form":"structured","dns":{"id":0,"type":"A:","name":"example.com","rcode":"0","error":"i/o timeout"},"origin":"f:1"}
        "#]],
    );
    check_row(
        "AZFWDnsAdditional",
        r#"{"MsgType":"CLIENT_QUERY","Protocol":"UDP","SourceIp":"192.0.2.4","SourcePort":5,"ServerIp":"192.0.2.53","ServerPort":53}"#,
        expect![[r#"
            AZFWDnsAdditional: {"kind":"dns","form":"structured","source":"192.0.2.4","source_port":5,"flag":"CLIENT_QUERY","dns":{"protocol":"udp","server":"192.0.2.53:53"},"origin":"f:1"}
        "#]],
    );
    check_row(
        "AZFWFqdnResolveFailure",
        r#"{"Fqdn":"api.example.com","Error":"no such host","ServerIp":"192.0.2.53","ServerPort":53,"Policy":"p","RuleCollectionGroup":"g","RuleCollection":"c","Rule":"r"}"#,
        expect![[r#"
            AZFWFqdnResolveFailure: {"kind":"dns_failure","form":"structured","fqdn":"api.example.com","reason":"no such host","policy":"p","group":"g","collection":"c","rule":"r","dns":{"server":"192.0.2.53:53"},"origin":"f:1"}
        "#]],
    );
}

#[test]
fn flow_rows() {
    check_row(
        "AZFWFatFlow",
        r#"{"Protocol":"TCP","SourceIp":"192.0.2.4","SourcePort":443,"DestinationIp":"192.0.2.5","DestinationPort":5,"FlowRate":"3.2930000000000001"}"#,
        expect![[r#"
            AZFWFatFlow: {"kind":"fat_flow","form":"structured","protocol":"tcp","source":"192.0.2.4","source_port":443,"destination":"192.0.2.5","destination_port":5,"rate_mbps":3.293,"origin":"f:1"}
        "#]],
    );
    check_row(
        "AZFWFlowTrace",
        r#"{"Protocol":"TCP","SourceIp":"192.0.2.4","SourcePort":443,"DestinationIp":"192.0.2.5","DestinationPort":5,"Flag":"SYN-ACK","Action":"Log","ActionReason":"Additional TCP Log"}"#,
        expect![[r#"
            AZFWFlowTrace: {"kind":"flow_trace","form":"structured","protocol":"tcp","source":"192.0.2.4","source_port":443,"destination":"192.0.2.5","destination_port":5,"reason":"Additional TCP Log","flag":"SYN-ACK","origin":"f:1"}
        "#]],
    );
}

#[test]
fn aggregations() {
    check_row(
        "AZFWNetworkRuleAggregation",
        r#"{"Protocol":"TCP","SourceIp":"192.0.2.4","DestinationIp":"198.51.100.7","DestinationPort":443,"Action":"Deny","ActionReason":"","IsDefaultRule":"true","NetworkRuleCount":"17"}"#,
        expect![[r#"
            AZFWNetworkRuleAggregation: {"kind":"aggregation","form":"structured","protocol":"tcp","source":"192.0.2.4","destination":"198.51.100.7","destination_port":443,"action":"deny","count":17,"origin":"f:1"}
        "#]],
    );
    check_row(
        "AZFWApplicationRuleAggregation",
        r#"{"Protocol":"HTTPS","SourceIp":"192.0.2.4","DestinationPort":443,"Fqdn":"www.example.com","Action":"Allow","ApplicationRuleCount":3}"#,
        expect![[r#"
            AZFWApplicationRuleAggregation: {"kind":"aggregation","form":"structured","protocol":"https","source":"192.0.2.4","destination_port":443,"fqdn":"www.example.com","action":"allow","count":3,"origin":"f:1"}
        "#]],
    );
    check_row(
        "AZFWNatRuleAggregation",
        r#"{"Protocol":"TCP","SourceIp":"203.0.113.9","TranslatedIp":"192.0.2.4","TranslatedPort":22,"NatRuleCount":2}"#,
        expect![[r#"
            AZFWNatRuleAggregation: {"kind":"aggregation","form":"structured","protocol":"tcp","source":"203.0.113.9","action":"dnat","translated":"192.0.2.4","translated_port":22,"count":2,"origin":"f:1"}
        "#]],
    );
}

#[test]
fn sentences_of_other_kinds() {
    let line = |message: &str| {
        format!(
            "{{\"category\":\"AzureFirewallNetworkRule\",\"properties\":{{\"msg\":\"{message}\"}}}}\n"
        )
    };
    let lines = [
        "TCP request from 203.0.113.9:1 to 198.51.100.13:3389 was DNAT'ed to 192.0.2.4:22. Policy: p. Rule Collection Group: g. Rule Collection: in. Rule: rdp",
        "HTTP request from 192.0.2.5:5 to bad.example.com:80. Action: Alert. ThreatIntel: Bot Networks",
        "TCP request from 192.0.2.2:1 to 203.0.113.1:443. Action: drop. Signature: 2028816. IDS: Odd. Priority: 3. Classification: Unknown Traffic",
        "DNS Request: 192.0.2.6:5350 - 10407 A IN www.example.com. udp 40 false 1232 NOERROR qr,rd,ra 56 0.000324423s",
        " Error: 2 time.example.com. A: read udp 192.0.2.5:49126->198.51.100.16:53: i/o timeout",
        "Failed to resolve FQDN api.example.com. Error no such host. Rule Collection: hub:net:names. Rule: allow-api",
        "HTTPS request from 192.0.2.5:6065. Action: Deny. Reason: SNI TLS extension was missing.",
        "something else",
    ];
    check(
        &lines.map(line).concat(),
        expect![[r#"
        AzureFirewallNetworkRule: {"kind":"nat","form":"legacy","protocol":"tcp","source":"203.0.113.9","source_port":1,"destination":"198.51.100.13","destination_port":3389,"action":"dnat","policy":"p","group":"g","collection":"in","rule":"rdp","translated":"192.0.2.4","translated_port":22,"origin":"f:1"}
        AzureFirewallNetworkRule: {"kind":"threat_intel","form":"legacy","protocol":"http","source":"192.0.2.5","source_port":5,"destination_port":80,"fqdn":"bad.example.com","action":"alert","threat":"Bot Networks","origin":"f:2"}
        AzureFirewallNetworkRule: {"kind":"idps","form":"legacy","protocol":"tcp","source":"192.0.2.2","source_port":1,"destination":"203.0.113.1","destination_port":443,"action":"deny","signature":{"id":"2028816","category":"Unknown Traffic","description":"Odd","severity":3},"origin":"f:3"}
        AzureFirewallNetworkRule: {"kind":"dns","form":"legacy","source":"192.0.2.6","source_port":5350,"dns":{"id":10407,"type":"A","class":"IN","name":"www.example.com","protocol":"udp","request_size":40,"dnssec_ok":false,"edns_size":1232,"rcode":"NOERROR","flags":"qr,rd,ra","response_size":56,"duration_s":0.000324423},"origin":"f:4"}
        AzureFirewallNetworkRule: {"kind":"dns","form":"legacy","dns":{"type":"A","name":"time.example.com","error":"read udp 192.0.2.5:49126->198.51.100.16:53: i/o timeout","server":"198.51.100.16:53"},"origin":"f:5"}
        AzureFirewallNetworkRule: {"kind":"dns_failure","form":"legacy","fqdn":"api.example.com","reason":"no such host","policy":"hub","group":"net","collection":"names","rule":"allow-api","origin":"f:6"}
        AzureFirewallNetworkRule: {"kind":"application","form":"legacy","protocol":"https","source":"192.0.2.5","source_port":6065,"action":"deny","reason":"SNI TLS extension was missing.","origin":"f:7"}
        f:8: message not understood: expected `PROTOCOL request from` at character 1 | {"category":"AzureFirewallNetw
    "#]],
    );
}
