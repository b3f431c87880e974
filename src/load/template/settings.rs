//! What a person knows about a deployment that its template does not say.

/// Values from outside the template.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TemplateSettings {
    /// Parameter values given by name, stronger than any parameter file. Text is taken as the
    /// parameter's declared type says: JSON for an array or object (an array may also be a list
    /// with commas), digits for an integer, otherwise itself.
    pub values: Vec<(String, String)>,
    /// Values for parameters that have none otherwise, not even a default, as in `values`.
    pub last_resorts: Vec<(String, String)>,
    /// What runtime calls give: `publicIPAddresses/name` and its address, or
    /// `publicIPAddresses/name.dnsSettings.fqdn` and that property's value.
    pub resolved: Vec<(String, String)>,
    pub cloud: Cloud,
    pub subscription: Option<String>,
    pub resource_group: Option<String>,
    pub location: Option<String>,
}

/// Which Azure a template is for; its host names come from there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Cloud {
    #[default]
    Public,
    UsGov,
    China,
}
