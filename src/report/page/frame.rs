//! What every page has: its one style, its scripts, and a policy that forbids all else.

use std::fmt::{self, Display, Formatter};

use askama::filters::HtmlSafe;

const STYLE: &str = include_str!("../../../templates/page.css");
/// Tables that sort, search and copy; light and dark.
const SCRIPT: &str = include_str!("../../../templates/page.js");

/// Text that is part of this program and needs no escaping.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trusted(&'static str);

impl Display for Trusted {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl HtmlSafe for Trusted {}

/// What `templates/base.html` asks for.
#[derive(Debug)]
pub struct Frame {
    pub(crate) title: &'static str,
    pub(crate) policy: String,
    pub(crate) style: Trusted,
    pub(crate) scripts: Vec<Trusted>,
    pub(crate) version: &'static str,
}

impl Frame {
    /// The frame of a page that runs `script` beside the one that all pages have.
    pub(crate) fn new(title: &'static str, script: Option<&'static str>) -> Self {
        let scripts: Vec<&'static str> = std::iter::once(SCRIPT).chain(script).collect();
        Self {
            title,
            policy: content_security_policy(STYLE, &scripts),
            style: Trusted(STYLE),
            scripts: scripts.into_iter().map(Trusted).collect(),
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

/// The `Content-Security-Policy` of a page with one inline style and these inline scripts.
fn content_security_policy(style: &str, scripts: &[&str]) -> String {
    let hash = |text: &str| format!("'sha256-{}'", base64(&sha256(text.as_bytes())));
    let scripts: Vec<String> = scripts.iter().map(|script| hash(script)).collect();
    format!(
        "default-src 'none'; style-src {}; script-src {}; img-src data:; base-uri 'none'; form-action 'none'",
        hash(style),
        scripts.join(" ")
    )
}

/// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
const ROUND: [u32; 64] = [
    0x428a_2f98,
    0x7137_4491,
    0xb5c0_fbcf,
    0xe9b5_dba5,
    0x3956_c25b,
    0x59f1_11f1,
    0x923f_82a4,
    0xab1c_5ed5,
    0xd807_aa98,
    0x1283_5b01,
    0x2431_85be,
    0x550c_7dc3,
    0x72be_5d74,
    0x80de_b1fe,
    0x9bdc_06a7,
    0xc19b_f174,
    0xe49b_69c1,
    0xefbe_4786,
    0x0fc1_9dc6,
    0x240c_a1cc,
    0x2de9_2c6f,
    0x4a74_84aa,
    0x5cb0_a9dc,
    0x76f9_88da,
    0x983e_5152,
    0xa831_c66d,
    0xb003_27c8,
    0xbf59_7fc7,
    0xc6e0_0bf3,
    0xd5a7_9147,
    0x06ca_6351,
    0x1429_2967,
    0x27b7_0a85,
    0x2e1b_2138,
    0x4d2c_6dfc,
    0x5338_0d13,
    0x650a_7354,
    0x766a_0abb,
    0x81c2_c92e,
    0x9272_2c85,
    0xa2bf_e8a1,
    0xa81a_664b,
    0xc24b_8b70,
    0xc76c_51a3,
    0xd192_e819,
    0xd699_0624,
    0xf40e_3585,
    0x106a_a070,
    0x19a4_c116,
    0x1e37_6c08,
    0x2748_774c,
    0x34b0_bcb5,
    0x391c_0cb3,
    0x4ed8_aa4a,
    0x5b9c_ca4f,
    0x682e_6ff3,
    0x748f_82ee,
    0x78a5_636f,
    0x84c8_7814,
    0x8cc7_0208,
    0x90be_fffa,
    0xa450_6ceb,
    0xbef9_a3f7,
    0xc671_78f2,
];

/// SHA-256 (FIPS 180-4): browsers know inline scripts and styles by it.
fn sha256(text: &[u8]) -> [u8; 32] {
    let mut padded = text.to_vec();
    padded.push(0x80);
    padded.resize(padded.len().next_multiple_of(64), 0);
    if (text.len() + 9) > padded.len() {
        padded.resize(padded.len() + 64, 0);
    }
    let bits = (text.len() as u64).wrapping_mul(8).to_be_bytes();
    let end = padded.len() - bits.len();
    padded.truncate(end);
    padded.extend_from_slice(&bits);
    let mut state: [u32; 8] = [
        0x6a09_e667,
        0xbb67_ae85,
        0x3c6e_f372,
        0xa54f_f53a,
        0x510e_527f,
        0x9b05_688c,
        0x1f83_d9ab,
        0x5be0_cd19,
    ];
    let (blocks, _) = padded.as_chunks::<64>();
    for block in blocks {
        let after = compressed(state, &schedule(block));
        for (word, after) in state.iter_mut().zip(after) {
            *word = word.wrapping_add(after);
        }
    }
    let mut digest = [0; 32];
    let (words, _) = digest.as_chunks_mut::<4>();
    for (bytes, word) in words.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    digest
}

fn schedule(block: &[u8; 64]) -> Vec<u32> {
    let (words, _) = block.as_chunks::<4>();
    let mut words: Vec<u32> = words.iter().map(|word| u32::from_be_bytes(*word)).collect();
    while let Some(&[w0, w1, .., w14, _]) = words.last_chunk::<16>().filter(|_| words.len() < 64) {
        let w9 = words.get(words.len() - 7).copied().unwrap_or(0);
        let low = w1.rotate_right(7) ^ w1.rotate_right(18) ^ (w1 >> 3);
        let high = w14.rotate_right(17) ^ w14.rotate_right(19) ^ (w14 >> 10);
        words.push(w0.wrapping_add(low).wrapping_add(w9).wrapping_add(high));
    }
    words
}

#[expect(clippy::many_single_char_names, reason = "the names of the standard")]
fn compressed(state: [u32; 8], words: &[u32]) -> [u32; 8] {
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = state;
    for (word, round) in words.iter().zip(ROUND) {
        let big_e = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
        let choice = (e & f) ^ (!e & g);
        let first =
            h.wrapping_add(big_e).wrapping_add(choice).wrapping_add(round).wrapping_add(*word);
        let big_a = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
        let majority = (a & b) ^ (a & c) ^ (b & c);
        let second = big_a.wrapping_add(majority);
        (h, g, f, e, d, c, b, a) =
            (g, f, e, d.wrapping_add(first), c, b, a, first.wrapping_add(second));
    }
    [a, b, c, d, e, f, g, h]
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let mut padded = [0_u8; 4];
        for (place, byte) in padded.iter_mut().skip(1).zip(chunk) {
            *place = *byte;
        }
        let bits = u32::from_be_bytes(padded);
        for index in 0..4 {
            let letter = LETTERS.get((bits >> (18 - 6 * index) & 63) as usize);
            let letter = letter.filter(|_| index <= chunk.len());
            text.push(letter.map_or('=', |letter| char::from(*letter)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn hashes_are_those_of_the_standard() {
        let check =
            |text: &str, expected: &str| assert_eq!(hex(&sha256(text.as_bytes())), expected);
        check("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        check("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        check(
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        );
        check(
            &"a".repeat(1_000_000),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
        );
    }

    #[test]
    fn base64_pads() {
        let all = ["", "f", "fo", "foo", "foob"].map(|text| base64(text.as_bytes()));
        assert_eq!(all, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg=="]);
    }
}
