//! `azfw path` and `azfw bypass`: journeys and gaps as text, JSON and pictures.

mod bypass;
mod journey;
mod json;
mod mermaid;

pub use bypass::{bypass_json, bypass_text};
pub use journey::text;
pub use json::{JourneyJson, json};
pub use mermaid::mermaid;
