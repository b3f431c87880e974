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
    let location = subject.fields.known_text("location");
    Ok(IpGroup { name: subject.name, id: resource.id(), location, addresses })
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::super::shown::check;

    #[test]
    fn entries_of_all_forms() {
        check(
            r#"{"name": "servers", "type": "Microsoft.Network/IpGroups", "properties": {"ipAddresses":
            ["10.0.0.4", "10.0.1.0/24", "10.0.2.4-10.0.2.9", "", "AzureCloud", "<your-subnet>"]}}"#,
            expect![[r#"
                IP Group servers = 10.0.0.4,10.0.1.0/24,10.0.2.4-10.0.2.9,AzureCloud,!<your-subnet>
                error in line 2: invalid address `AzureCloud` in IP Group `servers`: it is no address (service tags are destinations of network rules only)
                error in line 2: invalid address `<your-subnet>` in IP Group `servers`: `<your-subnet>` is a placeholder (put the real value in its place)
            "#]],
        );
        check(
            r#"{"IpAddresses": "10.0.0.4", "Name": "servers"}"#,
            expect![[r#"
            IP Group servers = 10.0.0.4
        "#]],
        );
        check(
            r#"{"name": "servers", "properties": {"ipAddresses": null}, "type": "Microsoft.Network/ipGroups"}"#,
            expect![[r#"
                IP Group servers = 
            "#]],
        );
    }

    #[test]
    fn an_unknown_content_is_not_an_empty_one() {
        check(
            r#"{"name": "servers", "type": "Microsoft.Network/ipGroups", "properties": "[parameters('servers')]"}"#,
            expect![[r#"
                what the IP Group holds is not known: `[parameters('servers')]` (give the parameters in it values with `--set NAME=VALUE` or a parameter file)
            "#]],
        );
        check(
            r#"{"name": "servers", "properties": {"ipAddresses": "[parameters('servers')]"}}"#,
            expect![[r#"
                IP Group servers = ?[parameters('servers')]
            "#]],
        );
    }
}
