//! `azfw path` and `azfw bypass`: journeys and gaps as text, JSON and pictures.

mod bypass;
mod findings;
mod html;
mod journey;
mod json;
mod mermaid;
mod svg;

pub use bypass::{bypass_json, bypass_text};
pub use findings::{findings_json, findings_text};
pub use html::{findings_html, html};
pub use journey::text;
pub use json::{JourneyJson, json};
pub use mermaid::mermaid;
pub use svg::svg;
