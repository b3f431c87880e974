//! Which records a filter asks for.
//!
//! Logs leave out much, so a test has three answers: yes, no, and "the record does not say". The
//! latter is never a yes, not under `not` either; how often it came up is counted.

use std::borrow::Cow;
use std::net::IpAddr;
use std::ops::ControlFlow;

use super::counts::{Reject, Sink};
use super::layout::Scanned;
use super::record::LogRecord;
use crate::syntax::filter::{
    AddressField, Field, Filter, NumberField, Test, TextField, TruthField,
};

/// Whether `record` is one that `filter` asks for. `None`: the record does not say.
#[must_use]
pub fn is_asked_for(filter: &Filter, record: &LogRecord) -> Option<bool> {
    match filter {
        Filter::And(parts) => all(parts, record, false),
        // One yes is enough, whatever is unknown besides: the mirror of "and".
        Filter::Or(parts) => all(parts, record, true),
        Filter::Not(inner) => is_asked_for(inner, record).map(|answer| !answer),
        Filter::Test(test) => is_met(test, record),
    }
}

/// `decisive` as soon as one part says so; else unknown if one part is; else its opposite.
fn all(parts: &[Filter], record: &LogRecord, decisive: bool) -> Option<bool> {
    let mut is_unknown = false;
    for part in parts {
        match is_asked_for(part, record) {
            Some(answer) if answer == decisive => return Some(decisive),
            Some(_) => {}
            None => is_unknown = true,
        }
    }
    if is_unknown { None } else { Some(!decisive) }
}

fn is_met(test: &Test, record: &LogRecord) -> Option<bool> {
    match test {
        Test::Known(field) => Some(is_known(*field, record)),
        Test::Address(field, set) => address(*field, record).map(|address| set.contains(address)),
        Test::Number(field, ranges) => {
            number(*field, record).map(|number| ranges.iter().any(|range| range.contains(&number)))
        }
        Test::Time(ranges) => {
            record.time.map(|time| ranges.iter().any(|range| range.contains(&time)))
        }
        Test::Text(field, words) => text(*field, record)
            .map(|text| words.iter().any(|word| word.eq_ignore_ascii_case(&text))),
        Test::Pattern(field, pattern) => text(*field, record).map(|text| pattern.is_match(&text)),
        Test::Truth(field, wanted) => truth(*field, record).map(|truth| truth == *wanted),
    }
}

fn is_known(field: Field, record: &LogRecord) -> bool {
    match field {
        Field::Time => record.time.is_some(),
        Field::Address(field) => address(field, record).is_some(),
        Field::Number(field) => number(field, record).is_some(),
        Field::Text(field) => text(field, record).is_some(),
        Field::Truth(field) => truth(field, record).is_some(),
    }
}

fn address(field: AddressField, record: &LogRecord) -> Option<IpAddr> {
    match field {
        AddressField::Source => record.source,
        AddressField::Destination => record.destination,
        AddressField::Translated => record.translated,
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts beyond 2^53 do not occur")]
fn number(field: NumberField, record: &LogRecord) -> Option<f64> {
    let dns = record.dns.as_deref();
    match field {
        NumberField::IcmpType => record.icmp_type.map(f64::from),
        NumberField::SourcePort => record.source_port.map(f64::from),
        NumberField::DestinationPort => record.destination_port.map(f64::from),
        NumberField::TranslatedPort => record.translated_port.map(f64::from),
        NumberField::Severity => record.signature.as_deref()?.severity.map(f64::from),
        NumberField::RateMbps => record.rate_mbps,
        NumberField::DnsId => dns?.id.map(f64::from),
        NumberField::RequestSize => dns?.request_size.map(f64::from),
        NumberField::EdnsSize => dns?.edns_size.map(f64::from),
        NumberField::ResponseSize => dns?.response_size.map(f64::from),
        NumberField::DurationS => dns?.duration_s,
        NumberField::Count => record.count.map(|count| count as f64),
    }
}

fn text(field: TextField, record: &LogRecord) -> Option<Cow<'_, str>> {
    let (dns, signature) = (record.dns.as_deref(), record.signature.as_deref());
    let text = match field {
        TextField::Kind => return Some(record.kind.name().into()),
        TextField::Form => return Some(record.form.name().into()),
        TextField::Action => return record.action.map(|action| action.name().into()),
        TextField::Origin => return Some(record.origin.to_string().into()),
        TextField::Firewall => &record.firewall,
        TextField::Protocol => &record.protocol,
        TextField::Fqdn => &record.fqdn,
        TextField::Url => &record.url,
        TextField::WebCategory => &record.web_category,
        TextField::Reason => &record.reason,
        TextField::Policy => &record.policy,
        TextField::Group => &record.group,
        TextField::Collection => &record.collection,
        TextField::Rule => &record.rule,
        TextField::Threat => &record.threat,
        TextField::SignatureId => &signature?.id,
        TextField::SignatureCategory => &signature?.category,
        TextField::SignatureDescription => &signature?.description,
        TextField::Flag => &record.flag,
        TextField::QueryType => &dns?.query_type,
        TextField::QueryClass => &dns?.class,
        TextField::QueryName => &dns?.name,
        TextField::QueryProtocol => &dns?.protocol,
        TextField::Rcode => &dns?.rcode,
        TextField::DnsFlags => &dns?.flags,
        TextField::DnsError => &dns?.error,
        TextField::DnsServer => &dns?.server,
        TextField::Tenant => &record.tenant,
        TextField::Correlation => &record.correlation,
    };
    text.as_deref().map(Cow::Borrowed)
}

fn truth(field: TruthField, record: &LogRecord) -> Option<bool> {
    match field {
        TruthField::TlsInspected => record.tls_inspected,
        TruthField::ExplicitProxy => record.explicit_proxy,
        TruthField::DnssecOk => record.dns.as_deref()?.dnssec_ok,
    }
}

/// Hands on the records that a filter asks for, and counts the others.
#[derive(Debug)]
pub struct Filtered<S> {
    pub sink: S,
    filter: Option<Filter>,
    /// Records that are not asked for.
    pub left_out: u64,
    /// Records that do not say whether they are asked for.
    pub unsettled: u64,
}

impl<S> Filtered<S> {
    /// Without a filter every record goes on.
    pub fn new(sink: S, filter: Option<Filter>) -> Self {
        Self { sink, filter, left_out: 0, unsettled: 0 }
    }
}

impl<S: Sink> Sink for Filtered<S> {
    fn record(&mut self, record: LogRecord) -> ControlFlow<()> {
        let answer = self.filter.as_ref().map(|filter| is_asked_for(filter, &record));
        match answer {
            None | Some(Some(true)) => return self.sink.record(record),
            Some(Some(false)) => self.left_out += 1,
            Some(None) => self.unsettled += 1,
        }
        ControlFlow::Continue(())
    }

    fn scanned(&mut self, scanned: &Scanned<'_>) -> ControlFlow<()> {
        if self.filter.is_none() {
            return self.sink.scanned(scanned);
        }
        self.record(scanned.to_record())
    }

    fn reject(&mut self, reject: &Reject) {
        self.sink.reject(reject);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::tz::TimeZone;

    use super::*;
    use crate::logs::{Form, LoggedAction, Options, RecordKind, read};
    use crate::syntax::filter::{Named, Names, Reading, filter};

    struct NoNames;

    impl Names for NoNames {
        fn ip_group(&self, name: &str) -> Named {
            Named::Unknown { message: name.to_owned(), help: String::new() }
        }

        fn service_tag(&self, name: &str) -> Named {
            Named::Unknown { message: name.to_owned(), help: String::new() }
        }
    }

    fn parsed(text: &str) -> Filter {
        filter(text, &Reading { names: &NoNames, zone: &TimeZone::UTC }).unwrap()
    }

    const LINES: &str = r#"
{"category":"AZFWNetworkRule","time":"2026-03-01T10:00:00Z","properties":{"Protocol":"TCP","SourceIp":"192.0.2.4","SourcePort":1,"DestinationIp":"198.51.100.7","DestinationPort":22,"Action":"Deny","ActionReason":"Default Action"}}
{"category":"AZFWApplicationRule","properties":{"Protocol":"HTTPS","SourceIp":"192.0.2.5","DestinationPort":443,"Fqdn":"a.azmk8s.io","Action":"Allow","Rule":"Aks","IsTlsInspected":false}}
{"category":"AZFWNetworkRule","time":"2026-03-02T10:00:00Z","properties":{"Protocol":"ICMP Type=8","SourceIp":"2001:db8::4","DestinationIp":"2001:db8::5","Action":"Deny"}}
{"category":"AZFWDnsQuery","time":"2026-03-02T11:00:00Z","properties":{"SourceIp":"192.0.2.4","QueryName":"x.example.com.","ResponseCode":"NXDOMAIN","RequestDurationSecs":"0.25"}}
"#;

    /// The lines that are asked for, then those that do not say.
    #[track_caller]
    fn check(text: &str, lines: &[u64], unsettled: u64) {
        let mut sink = Filtered::new(Vec::new(), Some(parsed(text)));
        let counts =
            read(LINES.as_bytes(), Arc::from("f"), &Options::default(), &mut sink).unwrap();
        let got: Vec<u64> = sink.sink.iter().map(|record| record.origin.line - 1).collect();
        assert_eq!((got.as_slice(), sink.unsettled), (lines, unsettled), "{text}");
        assert_eq!(counts.records_total(), got.len() as u64 + sink.left_out + sink.unsettled);
    }

    #[test]
    fn fields_of_every_kind_are_compared() {
        check("source in 192.0.2.0/24 and action = DENY", &[1], 1);
        check("source = 2001:db8:0::4", &[3], 0);
        check("port in 440-450", &[2], 2);
        check("time in 2026-03-02", &[3, 4], 1);
        check("time < 2026-03-01T10:00:01Z", &[1], 1);
        check("fqdn ~ \"azmk8s\\.io$\"", &[2], 3);
        check("rule = aks", &[2], 3);
        check("tls_inspected = no", &[2], 3);
        check("kind = dns and dns.rcode != NOERROR and dns.duration_s > 0.2", &[4], 0);
        check("icmp_type = 8", &[3], 3);
        check("origin = f:2", &[1], 0);
    }

    #[test]
    fn what_a_record_does_not_say_is_neither_yes_nor_no() {
        check("port = 22", &[1], 2);
        check("port != 22", &[2], 2);
        check("not port = 22", &[2], 2);
        check("not (not port != 22)", &[2], 2);
        check("port is unknown", &[3, 4], 0);
        check("port != 22 or port is unknown", &[2, 3, 4], 0);
    }

    #[test]
    fn the_other_half_of_a_test_can_settle_it() {
        check("port = 22 and kind = network", &[1], 1);
        check("port = 22 or kind = network", &[1, 3], 1);
        check("not (port = 22 or kind = network)", &[2], 1);
    }

    #[test]
    fn the_words_of_fields_are_those_that_records_have() {
        let kinds = [
            RecordKind::Network,
            RecordKind::Application,
            RecordKind::Nat,
            RecordKind::ThreatIntel,
            RecordKind::Idps,
            RecordKind::Dns,
            RecordKind::DnsFailure,
            RecordKind::FlowTrace,
            RecordKind::FatFlow,
            RecordKind::Aggregation,
            RecordKind::Flow,
        ];
        assert_eq!(TextField::Kind.words(), kinds.map(RecordKind::name));
        let forms = [Form::Legacy, Form::Structured, Form::FlowLog];
        assert_eq!(TextField::Form.words(), forms.map(Form::name));
        let actions =
            [LoggedAction::Allow, LoggedAction::Deny, LoggedAction::Alert, LoggedAction::Dnat];
        assert_eq!(TextField::Action.words(), actions.map(LoggedAction::name));
    }

    #[test]
    fn every_name_is_a_name_of_the_normal_form() {
        // What addresses are called does not stand in the records.
        let is_of_record = |column: &&str| !["source_name", "destination_name"].contains(column);
        let columns = crate::report::events::COLUMNS;
        let columns: Vec<&str> = columns.into_iter().filter(is_of_record).collect();
        for &column in &columns {
            assert_eq!(Field::from_name(column).map(Field::name), Some(column));
        }
        assert_eq!(Field::names().count(), columns.len() + 2);
    }
}
