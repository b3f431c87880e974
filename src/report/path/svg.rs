//! A journey as a picture of its own: one SVG file without script, font or link, for a pull request
//! or a page, in light and in dark.

use std::fmt::Write as _;

use crate::evaluate::Decision;
use crate::path::{Hop, HopVerdict, Journey};
use crate::report::page::Picture;
use crate::report::sanitize;
use crate::report::verdict;

/// Sizes in the drawing's own units; text widths are estimates on the safe side.
const WIDTH: usize = 820;
const MARGIN: usize = 16;
const LINE: usize = 19;
/// Where the texts of a station begin, and how many characters fit behind.
const TEXT_X: usize = 132;
const CHARACTERS: usize = 86;
/// Texts from edge to edge.
const CHARACTERS_WIDE: usize = 100;
/// The line between stations has wider characters.
const CHARACTERS_MONO: usize = 84;
/// Room between stations for the packet.
const GAP: usize = 32;

const STYLE: &str = "\
text{font:14px system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif;fill:#1f2328}
.page{fill:#ffffff}.card{fill:#f6f8fa;stroke:#d0d7de}.way{stroke:#818b98;stroke-width:2;fill:none}
.tip{fill:#818b98}.head{font-weight:600}.big{font-size:17px;font-weight:600}
.soft{fill:#59636e}.small{font-size:12.5px}.mono{font:12.5px ui-monospace,Menlo,Consolas,monospace}
.mark{font-size:12px;font-weight:700;fill:#ffffff;text-anchor:middle}.end{text-anchor:end}
.ok{fill:#1a7f37}.no{fill:#cf222e}.open{fill:#9a6700}.turn{fill:#0969da}.plain{fill:#59636e}
@media (prefers-color-scheme:dark){
text{fill:#f0f6fc}.page{fill:#0d1117}.card{fill:#151b23;stroke:#3d444d}
.way{stroke:#9198a1}.tip{fill:#9198a1}.soft{fill:#9198a1}.mark{fill:#0d1117}
.ok{fill:#3fb950}.no{fill:#f85149}.open{fill:#d29922}.turn{fill:#58a6ff}.plain{fill:#9198a1}}
";

/// The picture as a file of its own.
#[must_use]
pub fn svg(journey: &Journey) -> String {
    let mut drawing = drawing(journey);
    drawing.remarks(journey);
    framed(journey, &format!("<style>\n{STYLE}</style>\n"), &drawing)
}

/// The picture within a page, which has the style and the remarks.
pub(super) fn picture(journey: &Journey) -> Picture {
    Picture::new(framed(journey, "", &drawing(journey)))
}

fn drawing(journey: &Journey) -> Drawing {
    let mut drawing = Drawing { body: String::new(), y: MARGIN };
    drawing.heading(journey);
    for (index, hop) in journey.hops.iter().enumerate() {
        drawing.way(&hop.before.to_string());
        drawing.station(index + 1, hop);
    }
    // A packet that was stopped goes nowhere.
    let after = journey.hops.last().filter(|_| journey.decision != Decision::Deny);
    drawing.way(&after.map(|hop| hop.after.to_string()).unwrap_or_default());
    drawing.verdict(journey);
    drawing
}

fn framed(journey: &Journey, style: &str, drawing: &Drawing) -> String {
    let height = drawing.y + MARGIN;
    let title = format!("{} to {}: {}", journey.from, journey.to, journey.verdict());
    let title = escaped(&title);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"journey\" width=\"{WIDTH}\" \
         height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-label=\"{title}\">\n<title>{title}</title>\n{style}\
         <rect class=\"page\" width=\"{WIDTH}\" height=\"{height}\"/>\n{}</svg>\n",
        drawing.body
    )
}

/// What is drawn so far, and how far down it reaches.
struct Drawing {
    body: String,
    y: usize,
}

impl Drawing {
    /// One line of text with its base line at `y`.
    fn text(&mut self, x: usize, y: usize, class: &str, text: &str) {
        let text = escaped(text);
        let _ = writeln!(self.body, "<text x=\"{x}\" y=\"{y}\" class=\"{class}\">{text}</text>");
    }

    fn heading(&mut self, journey: &Journey) {
        let title = format!("{} to {}", journey.from, journey.to);
        for line in wrapped(&title, CHARACTERS_WIDE * 4 / 5) {
            self.text(MARGIN, self.y + 16, "big", line.trim_start());
            self.y += LINE + 4;
        }
    }

    /// The packet on its way from one station to the next.
    fn way(&mut self, packet: &str) {
        let (x, y) = (MARGIN + 56, self.y);
        let end = y + GAP - 7;
        let _ = writeln!(
            self.body,
            "<path class=\"way\" d=\"M{x} {}V{end}\"/><path class=\"tip\" d=\"M{} {end}h10l-5 7z\"/>",
            y + 3,
            x - 5
        );
        let packet = wrapped(packet, CHARACTERS_MONO).into_iter().next().unwrap_or_default();
        self.text(TEXT_X, y + GAP / 2 + 4, "mono soft", &packet);
        self.y += GAP;
    }

    fn station(&mut self, number: usize, hop: &Hop) {
        let (class, word) = mark(hop.verdict);
        let head = wrapped(&format!("{number}. {}", hop.title), CHARACTERS * 4 / 5);
        let mut lines: Vec<(&str, String)> = Vec::new();
        lines.extend(head.into_iter().map(|line| ("head", line)));
        lines.extend(wrapped(&hop.reason, CHARACTERS).into_iter().map(|line| ("", line)));
        let extra = hop.notes.iter().map(|note| format!("! {note}"));
        let needs = hop.needs.iter().map(|need| format!("depends on {need}"));
        for text in extra.chain(needs) {
            lines.extend(
                wrapped(&text, CHARACTERS + 8).into_iter().map(|line| ("small soft", line)),
            );
        }
        let height = lines.len() * LINE + 16;
        self.card(height, class);
        let (x, y) = (MARGIN + 18, self.y + 10);
        let _ = writeln!(
            self.body,
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"80\" height=\"20\" rx=\"4\"/>"
        );
        self.text(x + 40, y + 14, "mark", word);
        self.text(WIDTH - MARGIN - 12, y + 14, "small soft end", hop.layer.name());
        for (index, (class, line)) in lines.iter().enumerate() {
            self.text(TEXT_X, y + 14 + index * LINE, class, line.trim_start());
        }
        self.y += height;
    }

    /// A box over the whole width with a coloured edge.
    fn card(&mut self, height: usize, class: &str) {
        let (y, width) = (self.y, WIDTH - 2 * MARGIN);
        let _ = writeln!(
            self.body,
            "<rect class=\"card\" x=\"{MARGIN}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" \
             rx=\"6\"/><rect class=\"{class}\" x=\"{MARGIN}\" y=\"{y}\" width=\"6\" \
             height=\"{height}\" rx=\"3\"/>"
        );
    }

    fn verdict(&mut self, journey: &Journey) {
        let passes_by = journey.bypasses.filter(|_| !journey.stays_in_cluster);
        let class = match (journey.decision, passes_by) {
            (Decision::Allow, Some(true)) | (Decision::Undecided, _) => "open",
            (Decision::Allow, Some(false) | None) => "ok",
            (Decision::Deny, _) => "no",
        };
        let at = journey.decided_at.map(|at| format!(" (station {})", at + 1)).unwrap_or_default();
        let lines = wrapped(&format!("{}{at}", journey.verdict()), CHARACTERS_WIDE * 4 / 5);
        let height = lines.len() * (LINE + 4) + 16;
        self.card(height, class);
        for (index, line) in lines.iter().enumerate() {
            let y = self.y + 25 + index * (LINE + 4);
            self.text(MARGIN + 20, y, &format!("big {class}"), line.trim_start());
        }
        self.y += height + 8;
    }

    fn remarks(&mut self, journey: &Journey) {
        let missing = journey.missing.iter().map(|text| format!("no data: {text}"));
        let assumed = journey.assumptions.iter().map(|text| format!("assumed: {text}"));
        for remark in missing.chain(assumed) {
            for line in wrapped(&remark, CHARACTERS_WIDE) {
                self.y += LINE;
                self.text(MARGIN, self.y, "small soft", line.trim_start());
            }
        }
    }
}

/// The colour and the word of a verdict.
pub(super) fn mark(verdict: HopVerdict) -> (&'static str, &'static str) {
    match verdict {
        HopVerdict::Allow => ("ok", "ALLOW"),
        HopVerdict::Forward => ("ok", "forward"),
        HopVerdict::Deny => ("no", "DENY"),
        HopVerdict::Drop => ("no", "DROP"),
        HopVerdict::Bypass => ("open", "past fw"),
        HopVerdict::Translate => ("turn", "translate"),
        HopVerdict::Unknown => ("plain", "UNKNOWN"),
        HopVerdict::NoData => ("plain", "no data"),
    }
}

/// Lines of text; a word that fits no line is cut.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut fitting = String::with_capacity(text.len());
    let mut run = 0;
    for character in text.chars() {
        run = if character == ' ' { 0 } else { run + 1 };
        if run > width {
            fitting.push(' ');
            run = 1;
        }
        fitting.push(character);
    }
    verdict::wrapped(&fitting, width)
}

/// Text for an element or an attribute: names are written by strangers.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in sanitize::terminal(text).chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ if character.is_control() => safe.push(' '),
            _ => safe.push(character),
        }
    }
    safe
}
