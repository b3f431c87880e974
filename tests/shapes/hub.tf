resource "azurerm_firewall_policy" "hub" {
  name                = "hub"
  resource_group_name = "rg-hub"
}
