//! What a policy sets beside its rules.

use serde_json::{Map, Value, json};

use super::value::Values;
use super::{Writer, put, put_list};
use crate::policy::{
    BypassTraffic, ExplicitProxy, FirewallPolicy, IntrusionDetection, Settings, Snat, Written,
};
use crate::source::Spanned;
use crate::write::remarks::Resource;

impl Writer<'_> {
    pub(super) fn policy_properties(&mut self, policy: &FirewallPolicy) -> Map<String, Value> {
        let settings = &policy.settings;
        let mut properties = Map::new();
        let mut put = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                properties.insert(key.to_owned(), value);
            }
        };
        put("sku", settings.tier.as_ref().map(|tier| json!({ "tier": tier.value.name() })));
        put("basePolicy", self.base(policy));
        put(
            "threatIntelMode",
            settings.threat_intel_mode.as_ref().map(|mode| self.values.text(mode)),
        );
        put("threatIntelWhitelist", self.allowlist(settings));
        put("dnsSettings", self.dns(settings));
        put(
            "intrusionDetection",
            settings.intrusion_detection.as_ref().map(|idps| self.intrusion_detection(idps)),
        );
        put("transportSecurity", self.transport_security(settings));
        put("explicitProxy", settings.explicit_proxy.as_ref().map(explicit_proxy));
        put("snat", settings.snat.as_ref().map(snat));
        put("sql", settings.allow_sql_redirect.map(|allow| json!({ "allowSqlRedirect": allow })));
        properties
    }

    fn base(&mut self, policy: &FirewallPolicy) -> Option<Value> {
        let base = policy.base.as_ref()?;
        let here = self.inventory.policies.iter().find(|parent| parent.is_meant(&base.value));
        if here.is_none() {
            let message = format!(
                "the parent `{}` of policy `{}` is not in the template",
                base.value.name(),
                policy.name.value
            );
            self.remarks.warn(
                message,
                base.span,
                "it must be there before the template is deployed",
            );
        }
        let id = self.values.reference(&base.value, here.map(|parent| parent.name.value.as_str()));
        Some(json!({ "id": id }))
    }

    pub(super) fn allowlist(&mut self, settings: &Settings) -> Option<Value> {
        let list = &settings.threat_intel_allowlist;
        let mut object = Map::new();
        put_list(&mut object, "ipAddresses", self.values.list(&list.addresses));
        put_list(&mut object, "fqdns", self.values.list(&list.fqdns));
        (!object.is_empty()).then_some(Value::Object(object))
    }

    fn dns(&mut self, settings: &Settings) -> Option<Value> {
        let dns = settings.dns.as_ref()?;
        let mut object = json!({ "servers": self.values.list(&dns.servers) });
        put(
            &mut object,
            "enableProxy",
            dns.enable_proxy.as_ref().map(|flag| self.values.flag(flag)),
        );
        Some(object)
    }

    fn intrusion_detection(&mut self, idps: &IntrusionDetection) -> Value {
        let mut configuration = Map::new();
        let overrides = idps.overrides.iter().map(|signature| {
            let mode = Spanned { value: signature.mode.clone(), span: signature.id.span };
            json!({ "id": self.values.text(&signature.id), "mode": self.values.text(&mode) })
        });
        configuration.insert("signatureOverrides".into(), overrides.collect());
        let bypass: Vec<Value> = idps.bypass.iter().map(|entry| self.bypass(entry)).collect();
        configuration.insert("bypassTrafficSettings".into(), bypass.into());
        put_list(&mut configuration, "privateRanges", self.values.list(&idps.private_ranges));
        let mut object = json!({});
        put(&mut object, "mode", idps.mode.as_ref().map(|mode| self.values.text(mode)));
        put(&mut object, "profile", idps.profile.as_deref().map(Values::literal));
        put(&mut object, "configuration", Some(Value::Object(configuration)));
        object
    }

    fn bypass(&mut self, bypass: &BypassTraffic) -> Value {
        let mut object = Map::new();
        object.insert("name".into(), self.values.name(&bypass.name.value));
        if let Some(description) = &bypass.description {
            object.insert("description".into(), Values::literal(description));
        }
        let protocol = match &bypass.protocol {
            None => "ANY".into(),
            Some(Written::Value(protocol)) => protocol.to_string().to_uppercase().into(),
            Some(unknown) => {
                self.values.text(&Spanned { value: unknown.clone(), span: bypass.name.span })
            }
        };
        object.insert("protocol".into(), protocol);
        put_list(&mut object, "sourceAddresses", self.values.list(&bypass.sources));
        let groups = self.values.ip_groups(self.inventory, &bypass.source_ip_groups);
        put_list(&mut object, "sourceIpGroups", groups);
        put_list(&mut object, "destinationAddresses", self.values.list(&bypass.destinations));
        let groups = self.values.ip_groups(self.inventory, &bypass.destination_ip_groups);
        put_list(&mut object, "destinationIpGroups", groups);
        put_list(&mut object, "destinationPorts", self.values.list(&bypass.destination_ports));
        Value::Object(object)
    }

    /// The certificate lies in a Key Vault that a rule set does not name.
    fn transport_security(&mut self, settings: &Settings) -> Option<Value> {
        let authority = settings.certificate_authority.as_ref()?;
        let message = format!(
            "the Key Vault secret of certificate `{}` and the identity that reads it are not known",
            authority.value
        );
        let help = "give them when you deploy: parameters `certificateSecretId` and `identityId`";
        self.remarks.warn(message, authority.span, help);
        let secret = self.values.declared_text("certificateSecretId");
        Some(json!({
            "certificateAuthority": {
                "name": Values::literal(&authority.value),
                "keyVaultSecretId": secret,
            }
        }))
    }

    /// The identity that TLS inspection needs.
    pub(super) fn identity(&mut self, settings: &Settings, resource: &mut Value) {
        if settings.certificate_authority.is_none() {
            return;
        }
        let id = self.values.declared_text("identityId");
        let identities = json!({ id.as_str().unwrap_or_default(): {} });
        let identity = json!({ "type": "UserAssigned", "userAssignedIdentities": identities });
        put(resource, "identity", Some(identity));
    }
}

fn explicit_proxy(proxy: &ExplicitProxy) -> Value {
    let mut object = json!({
        "enableExplicitProxy": proxy.enabled,
        "enablePacFile": proxy.enable_pac_file,
    });
    put(&mut object, "httpPort", proxy.http_port.map(Into::into));
    put(&mut object, "httpsPort", proxy.https_port.map(Into::into));
    put(&mut object, "pacFilePort", proxy.pac_file_port.map(Into::into));
    put(&mut object, "pacFile", proxy.pac_file.as_deref().map(Values::literal));
    object
}

fn snat(snat: &Snat) -> Value {
    let ranges: Vec<Value> =
        snat.private_ranges.iter().map(|range| Values::literal(&range.value)).collect();
    let mut object = json!({ "privateRanges": ranges });
    let learn = snat.auto_learn_private_ranges;
    let learn = learn.map(|learn| if learn { "Enabled" } else { "Disabled" }.into());
    put(&mut object, "autoLearnPrivateRanges", learn);
    object
}
