//! `azurerm_firewall_policy`.

use super::Writer;
use super::hcl::{Block, Value};
use crate::policy::{BypassTraffic, FirewallPolicy, IntrusionDetection, Settings, Written};
use crate::source::Spanned;
use crate::write::remarks::{Resource, distinct};

impl Writer<'_> {
    pub(super) fn policies(&mut self, blocks: &mut Vec<Block>) {
        let inventory = self.inventory;
        for policy in distinct(&mut self.remarks, &inventory.policies, |a, b| a.id == b.id) {
            self.remarks.note_missing_groups(inventory, policy);
            blocks.push(self.policy(policy));
        }
    }

    fn policy(&mut self, policy: &FirewallPolicy) -> Block {
        let settings = &policy.settings;
        let mut block = Block::resource("azurerm_firewall_policy", &self.names.of(policy));
        block.put_text("name", policy.name());
        self.place(&mut block, policy.id.as_ref(), settings.location.as_deref());
        if let Some(base) = &policy.base {
            let here = self.inventory.policies.iter().find(|it| it.is_meant(&base.value));
            let id = match here {
                Some(here) => self.id_of("azurerm_firewall_policy", &self.names.of(here)),
                None => self.foreign_id(&base.value, "policy"),
            };
            block.put("base_policy_id", id);
        }
        if let Some(tier) = &settings.tier {
            block.put_text("sku", tier.value.name());
        }
        if let Some(mode) = &settings.threat_intel_mode {
            let mode = self.value(mode);
            block.put("threat_intelligence_mode", mode);
        }
        if let Some(snat) = &settings.snat {
            let ranges = snat.private_ranges.iter();
            let ranges = ranges.map(|range| Value::Text(range.value.to_string())).collect();
            block.put_list("private_ip_ranges", ranges);
            if let Some(learn) = snat.auto_learn_private_ranges {
                block.put_flag("auto_learn_private_ranges_enabled", learn);
            }
        }
        if let Some(allow) = settings.allow_sql_redirect {
            block.put_flag("sql_redirect_allowed", allow);
        }
        self.inner_blocks(policy, &mut block);
        block
    }

    fn inner_blocks(&mut self, policy: &FirewallPolicy, block: &mut Block) {
        let settings = &policy.settings;
        let mut allowlist = Block::new("threat_intelligence_allowlist");
        let list = &settings.threat_intel_allowlist;
        allowlist.put_list("ip_addresses", self.list(&list.addresses));
        allowlist.put_list("fqdns", self.list(&list.fqdns));
        if !list.addresses.is_empty() || !list.fqdns.is_empty() {
            block.block(allowlist);
        }
        if let Some(dns) = &settings.dns {
            let mut inner = Block::new("dns");
            if let Some(proxy) = &dns.enable_proxy {
                let proxy = self.flag(proxy);
                inner.put("proxy_enabled", proxy);
            }
            inner.put_list("servers", self.list(&dns.servers));
            block.block(inner);
        }
        if let Some(idps) = &settings.intrusion_detection {
            let inner = self.intrusion_detection(policy, idps);
            block.block(inner);
        }
        self.certificate(settings, block);
        if let Some(proxy) = &settings.explicit_proxy {
            let mut inner = Block::new("explicit_proxy");
            let port = |port: Option<u16>| port.map(|port| Value::Plain(port.to_string()));
            inner.put_flag("enabled", proxy.enabled);
            let ports = [
                ("http_port", proxy.http_port),
                ("https_port", proxy.https_port),
                ("pac_file_port", proxy.pac_file_port),
            ];
            inner.put_flag("enable_pac_file", proxy.enable_pac_file);
            for (key, value) in ports {
                if let Some(value) = port(value) {
                    inner.put(key, value);
                }
            }
            if let Some(file) = &proxy.pac_file {
                inner.put_text("pac_file", file);
            }
            block.block(inner);
        }
    }

    fn intrusion_detection(&mut self, policy: &FirewallPolicy, idps: &IntrusionDetection) -> Block {
        let mut block = Block::new("intrusion_detection");
        if let Some(mode) = &idps.mode {
            let mode = self.value(mode);
            block.put("mode", mode);
        }
        if let Some(profile) = &idps.profile {
            let message =
                format!("the IDPS profile `{profile}` of policy `{}` is left out", policy.name());
            self.remarks.warn(message, policy.name.span, "the azurerm provider does not know it");
        }
        block.put_list("private_ranges", self.list(&idps.private_ranges));
        for signature in &idps.overrides {
            let mut inner = Block::new("signature_overrides");
            inner.put("id", self.value(&signature.id));
            let mode = Spanned { value: signature.mode.clone(), span: signature.id.span };
            inner.put("state", self.value(&mode));
            block.block(inner);
        }
        for bypass in &idps.bypass {
            let inner = self.bypass(bypass);
            block.block(inner);
        }
        block
    }

    fn bypass(&mut self, bypass: &BypassTraffic) -> Block {
        let mut block = Block::new("traffic_bypass");
        block.put_text("name", &bypass.name.value);
        if let Some(description) = &bypass.description {
            block.put_text("description", description);
        }
        match &bypass.protocol {
            None => block.put_text("protocol", "ANY"),
            Some(Written::Value(protocol)) => {
                block.put_text("protocol", &protocol.to_string().to_uppercase());
            }
            Some(unknown) => {
                let unknown = Spanned { value: unknown.clone(), span: bypass.name.span };
                block.put("protocol", self.value(&unknown));
            }
        }
        block.put_list("source_addresses", self.list(&bypass.sources));
        block.put_list("source_ip_groups", self.ip_group_list(&bypass.source_ip_groups));
        block.put_list("destination_addresses", self.list(&bypass.destinations));
        block.put_list("destination_ip_groups", self.ip_group_list(&bypass.destination_ip_groups));
        block.put_list("destination_ports", self.list(&bypass.destination_ports));
        block
    }

    /// The certificate's secret and the identity that reads it are no part of a rule set.
    fn certificate(&mut self, settings: &Settings, block: &mut Block) {
        let Some(authority) = &settings.certificate_authority else { return };
        let mut inner = Block::new("tls_certificate");
        inner.put_text("name", &authority.value);
        let secret = format!("The Key Vault secret of certificate {}.", authority.value);
        inner.put("key_vault_secret_id", self.variable("certificate_secret_id", &secret));
        block.block(inner);
        let mut identity = Block::new("identity");
        identity.put_text("type", "UserAssigned");
        let meaning = "The identity that reads the certificate.";
        identity.put("identity_ids", Value::List(vec![self.variable("identity_id", meaning)]));
        block.block(identity);
    }
}
