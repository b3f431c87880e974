use super::*;

#[test]
fn smoke() {
    assert!(message("TCP request from 192.0.2.1:1 to 192.0.2.2:2. Action: Deny").is_ok());
}
