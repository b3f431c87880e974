use expect_test::expect;

use crate::load::shown::check;

/// The columns of a published export script.
const HEADING: &str = "\"RuleCollectionGroup\",\"RuleCollectionGroupPriority\",\"RuleCollectionName\",\
    \"RuleCollectionPriority\",\"RuleCollectionAction\",\"RuleCollectionType\",\"RuleType\",\"RuleName\",\
    \"SourceType\",\"Source\",\"Protocols\",\"TerminateTLS\",\"DestinationPorts\",\"DestinationType\",\"Destination\"";

#[test]
fn the_export_of_a_script() {
    let rows = [
        "\"net\",\"200\",\"allow\",\"100\",\"Allow\",\"FirewallPolicyFilterRuleCollection\",\"NetworkRule\",\"ntp\",\
         \"SourceAddresses\",\"10.0.0.0/8,10.1.0.4\",\"UDP\",\"\",\"123\",\"DestinationFqdns\",\"time.example.com\"",
        "\"net\",\"200\",\"allow\",\"100\",\"Allow\",\"FirewallPolicyFilterRuleCollection\",\"NetworkRule\",\"sql\",\
         \"SourceIpGroups\",\"servers\",\"TCP\",\"\",\"1433, 11000-11999\",\"DestinationAddresses\",\"Sql.WestEurope\"",
        "\"web\",\"300\",\"deny\",\"100\",\"Deny\",\"FirewallPolicyFilterRuleCollection\",\"ApplicationRule\",\"all\",\
         \"SourceAddresses\",\"*\",\"Https:443,Http:80\",\"True\",\"\",\"TargetFqdns\",\"*.example.com\"",
    ];
    let text = format!(
        "\u{feff}#TYPE System.Management.Automation.PSCustomObject\r\n{HEADING}\r\n{}\r\n",
        rows.join("\r\n")
    );
    check(
        &text,
        expect![[r#"
        group net 200
         allow 100 Allow
          network ntp: UDP 10.0.0.0/8,10.1.0.4| -> ||time.example.com:123
          network sql: TCP |/subscriptions/*/resourceGroups/*/providers/Microsoft.Network/ipGroups/servers -> Sql.WestEurope||:1433,11000-11999
        group web 300
         deny 100 Deny
          application all: Https:443,Http:80 *| -> *.example.com||| with inspection
    "#]],
    );
}

#[test]
fn collections_without_groups() {
    check(
        "RuleCollectionName,Priority,Action,RuleName,Protocol,SourceAddress,DestinationAddress,DestinationPort\n\
         c,200,Allow,r,TCP,10.0.0.4,192.0.2.0/24,443\n\
         d,100,Deny,r,Any,*,*,*\n",
        expect![[r#"
            group ungrouped 100
             c 200 Allow
              network r: TCP 10.0.0.4| -> 192.0.2.0/24||:443
             d 100 Deny
              network r: Any *| -> *||:*
            warning in line 2: rule collections without a group: read as group `ungrouped` (give the whole rule collection group, which has a priority)
        "#]],
    );
}

#[test]
fn what_azfw_prints_itself() {
    check(
        "Order,Stage,Action,Policy,Group,GroupPriority,Collection,CollectionPriority,Rule,Protocols,Sources,Targets,Ports,Translated,Unknown,TerminateTLS,Inherited\n\
         1,DNAT,DNAT,child,d,100,c,100,web,TCP,*,192.0.2.1,443,10.0.0.4:8443,,,\n\
         2,network,Allow,base,n,100,c,100,r,\"TCP, UDP\",\"'@servers, 10.0.0.0/8\",\"AzureMonitor, fqdn time.example.com, @clients\",443,,,,yes\n\
         3,application,Deny,child,a,200,c,100,r,Https:443,*,\"*.example.com, tag WindowsUpdate, category News, url www.example.com/a\",,,,true,\n\
         4,application,Deny,child,a,200,c,100,odd,Https:443,*,*,,,unknown field `later`,,\n",
        expect![[r#"
            policy child based on base, 0 groups elsewhere
            policy base, 0 groups elsewhere
            group d of child 100
             c 100 DNAT
              nat web: TCP *| -> 192.0.2.1:443 => 10.0.0.4:8443
            group n of base 100
             c 100 Allow
              network r: TCP,UDP 10.0.0.0/8|/subscriptions/*/resourceGroups/*/providers/Microsoft.Network/ipGroups/servers -> AzureMonitor|/subscriptions/*/resourceGroups/*/providers/Microsoft.Network/ipGroups/clients|time.example.com:443
            group a of child 200
             c 100 Deny
              application r: Https:443 *| -> *.example.com|www.example.com/a|WindowsUpdate|News with inspection
              application odd: Https:443 *| -> *||| ?unknown field `later`
            warning in line 2: the table holds no settings of policy `child` (Azure's defaults are taken: threat intelligence alerts, DNS proxy off, IDPS off)
            warning in line 3: the table holds no settings of policy `base` (Azure's defaults are taken: threat intelligence alerts, DNS proxy off, IDPS off)
            warning in line 5: rule `odd` has the unknown field `unknown field `later`` (what it limits is not known, so the rule cannot be evaluated)
        "#]],
    );
}

#[test]
fn expressions_and_ip_groups_survive() {
    check(
        "Policy;ParentPolicy;RuleCollectionGroup;RuleCollectionGroupPriority;RuleCollectionName;RuleCollectionPriority;\
         RuleCollectionAction;RuleType;RuleName;Protocols;SourceAddresses;DestinationAddresses;DestinationPorts;TranslatedAddress;TranslatedPort\n\
         hub;base;g;100;c;100;DNAT;NatRule;r;TCP;*;\"`[reference('ip', '2024').ipAddress]`\";443;`[parameters('a')]`;443\n\
         ;;;;;;;IpGroup;servers;;\"10.0.0.0/24, 10.0.1.0/24\";;;;\n",
        expect![[r#"
            policy hub based on base, 0 groups elsewhere
            group g of hub 100
             c 100 DNAT
              nat r: TCP *| -> ?[reference('ip', '2024').ipAddress]:443 => ?[parameters('a')]:443
            IP Group servers = 10.0.0.0/24,10.0.1.0/24
            warning in line 2: the table holds no settings of policy `hub` (Azure's defaults are taken: threat intelligence alerts, DNS proxy off, IDPS off)
        "#]],
    );
}

#[test]
fn tables_that_lost_the_order_are_refused() {
    check(
        "Name,RuleType,SourceAddresses,Protocols,DestinationAddresses,DestinationPorts\nr,NetworkRule,*,TCP,*,443\n",
        expect![[r#"
            the table `a.json` has no column for the rule collection of a rule (`RuleCollectionName`) (without it nobody knows which rule comes first and what it does: export the rule collection groups as JSON, `az network firewall policy rule-collection-group list`, or a table with this column)
        "#]],
    );
    check(
        "RuleCollectionGroup,RuleCollectionName,RuleCollectionPriority,Action,RuleName,Protocols,SourceAddresses\ng,c,100,Allow,r,TCP,*\n",
        expect![[r#"
            the table `a.json` has no column for the priority of rule collection groups (`RuleCollectionGroupPriority`) (without it nobody knows which rule comes first and what it does: export the rule collection groups as JSON, `az network firewall policy rule-collection-group list`, or a table with this column)
        "#]],
    );
    check(
        "TimeGenerated [UTC],RuleCollectionGroup,RuleCollection,Rule,Action,Protocol,SourceIp\n2026-01-01,g,c,r,Allow,TCP,10.0.0.4\n",
        expect![[r#"
            `a.json` is a table of logs, not of rules (give it to `azfw report` or `azfw replay`)
        "#]],
    );
}

#[test]
fn tables_of_something_else() {
    check(
        "service,feature,level,cloud\nAKS,core,required,public\n",
        expect![[r#"
        `a.json` is a table, but none of rules (a table of rules has columns such as `RuleCollectionGroup`, `RuleCollectionName`, `RuleCollectionPriority`, `RuleName`, `SourceAddresses`)
    "#]],
    );
}

const SHORT: &str = "Group,GroupPriority,Collection,CollectionPriority,Action,RuleType,Rule,Protocols,Sources,DestinationAddresses,Ports";

#[test]
fn messages_name_the_place() {
    let check_row = |rows: &str, expected| check(&format!("{SHORT}\n{rows}\n"), expected);
    check_row(
        "g,100,c,100,Allow,NetworkRule,r,TCP,\"10.0.0.4,\n10.0.0.400\",*,70000",
        expect![[r#"
            group g 100
             c 100 Allow
              network r: TCP 10.0.0.4,!10.0.0.400| -> *||:!70000
            error in line 3: invalid source address `10.0.0.400` in rule `r`: `10.0.0.400` is no IP address (each of the four numbers is 0 to 255)
            error in line 3: invalid destination port `70000` in rule `r`: port `70000` is above 65535 (write a number from 0 to 65535)
        "#]],
    );
    check_row(
        "g,100,c,100,Allow,NetworkRule,r,TCP,10.0.0.4,10.0.0.5,*,443",
        expect![[r#"
        the row has 12 cells, the table 11 columns (put a list into double quotes: `"192.0.2.1,192.0.2.2"`)
    "#]],
    );
    check_row(
        "g,100,c,,Allow,NetworkRule,r,TCP,*,*,443",
        expect![[r#"
        the row has no `CollectionPriority` (each row names its rule collection with priority and action)
    "#]],
    );
    check_row(
        "g,100,c,high,Allow,NetworkRule,r,TCP,*,*,443",
        expect![[r#"
        the priority `high` of rule collection `c` is no number (write a `priority` of 100 to 65000)
    "#]],
    );
    check_row(
        "g,100,c,100,Allow,NetworkRule,r,TCP,*,*,443\ng,100,c,200,Allow,NetworkRule,s,TCP,*,*,443",
        expect![[r#"
            the priority of `c` is `200` here and `100` above (give it the same value in all its rows)
        "#]],
    );
    check_row(
        "g,100,c,100,Allow,NetworkRule,r,TCP,*,*,443\ng,200,d,200,Allow,NetworkRule,s,TCP,*,*,443",
        expect![[r#"
            the group priority of `d` is `200` here and `100` above (give it the same value in all its rows)
        "#]],
    );
    check_row(
        "g,100,c,100,Allow,NetworkRule,\"r,TCP",
        expect![[r#"
            the quoted cell does not end (end it with `"`; a quote within a quoted cell is written twice)
        "#]],
    );
    check(
        &format!("{SHORT},Owner\ng,100,c,100,Allow,NetworkRule,r,TCP,*,*,443,me\n"),
        expect![[r#"
            group g 100
             c 100 Allow
              network r: TCP *| -> *||:443
            warning in line 2: columns that are not read: `Owner` (a column that limits rules is not taken into account)
        "#]],
    );
}
