//! Names of web categories.

use smol_str::SmolStr;

/// A web category by its letters alone: `Social networking` is `SocialNetworking`. Two have other
/// names on Microsoft's page than in its API.
pub(crate) fn letters(category: &str) -> SmolStr {
    let letters: SmolStr =
        category.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect();
    match letters.as_str() {
        "filerepository" => "webrepositoryandstorage".into(),
        "politics" => "politicsandlaw".into(),
        _ => letters,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_and_the_api_mean_the_same() {
        assert_eq!(letters("Social networking"), letters("SocialNetworking"));
        assert_eq!(letters("File repository"), letters("WebRepositoryAndStorage"));
        assert_eq!(letters("Politics"), letters("politicsandlaw"));
        assert_ne!(letters("Political"), letters("Politics"));
    }
}
