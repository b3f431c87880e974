//! The Markdown of the specification: cases, and the fenced blocks in them.

/// One `### ID: title` of a file, with the blocks it uses.
pub(crate) struct Case {
    pub(crate) id: String,
    pub(crate) line: usize,
    /// Blocks before the first case of a `##` part count for each of its cases that holds no rule
    /// set of its own, as if they stood there first.
    pub(crate) blocks: Vec<Block>,
}

/// A fenced block.
#[derive(Clone)]
pub(crate) struct Block {
    /// The words behind the opening fence: the kind first, then switches.
    pub(crate) info: Vec<String>,
    /// The line of the opening fence.
    pub(crate) line: usize,
    pub(crate) text: String,
}

impl Block {
    pub(crate) fn kind(&self) -> &str {
        self.info.first().map_or("", String::as_str)
    }

    fn is_rule_set(&self) -> bool {
        matches!(self.kind(), "azfw" | "arm" | "same")
    }

    /// The lines that say something, with their numbers in the file.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let numbered = self.text.lines().enumerate();
        let placed = numbered.map(|(index, line)| (self.line + 1 + index, line.trim()));
        placed.filter(|(_, line)| !line.is_empty())
    }
}

/// The cases of a specification file.
pub(crate) fn cases(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut fixture: Vec<Block> = Vec::new();
    let mut in_case = false;
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        if let Some(heading) = line.strip_prefix("### ") {
            finish(cases.last_mut().filter(|_| in_case), &fixture);
            let id = heading.split(':').next().unwrap_or(heading).trim().to_owned();
            cases.push(Case { id, line: index + 1, blocks: Vec::new() });
            in_case = true;
        } else if line.starts_with("## ") {
            finish(cases.last_mut().filter(|_| in_case), &fixture);
            fixture.clear();
            in_case = false;
        } else if let Some(info) = line.strip_prefix("```") {
            let inside = lines.by_ref().map(|(_, line)| line);
            let text = inside.take_while(|line| !line.starts_with("```")).collect::<Vec<_>>();
            let info = info.split_whitespace().map(str::to_owned).collect();
            let block = Block { info, line: index + 1, text: text.join("\n") };
            match cases.last_mut().filter(|_| in_case) {
                Some(case) => case.blocks.push(block),
                None => fixture.push(block),
            }
        }
    }
    finish(cases.last_mut().filter(|_| in_case), &fixture);
    cases
}

/// Gives a case without a rule set the blocks of its part.
fn finish(case: Option<&mut Case>, fixture: &[Block]) {
    let Some(case) = case.filter(|case| !case.blocks.iter().any(Block::is_rule_set)) else {
        return;
    };
    let own = std::mem::replace(&mut case.blocks, fixture.to_vec());
    case.blocks.extend(own);
}
