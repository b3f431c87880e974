//! IP Groups.

use super::collection::subject;
use super::fields::Tags;
use super::kind::Resource;
use super::notes::Notes;
use crate::policy::IpGroup;
use crate::source::InputError;

/// An IP Group.
///
/// # Errors
///
/// It is no object.
pub(super) fn ip_group(
    notes: &mut Notes<'_>,
    resource: &Resource<'_>,
) -> Result<IpGroup, InputError> {
    let mut subject = subject(notes, resource.node, "IP Group")?;
    if let Some(name) = resource.name() {
        subject.name.value = name;
    }
    let addresses = notes.addresses(&subject, &["ipAddresses"], "address", Tags::Refused);
    Ok(IpGroup { name: subject.name, id: resource.id(), addresses })
}
