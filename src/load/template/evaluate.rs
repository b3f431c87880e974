//! Values of a template: every expression in a tree replaced by what it gives.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use smol_str::SmolStr;

use crate::load::template::build::{member, node, size, string, unresolved};
use crate::load::template::error::TemplateError;
use crate::load::template::interest::Interest;
use crate::load::template::program::{Frame, LoopKind};
use crate::load::template::settings::TemplateSettings;
use crate::source::{Severity, Span, Spanned, Warning};
use crate::syntax::expression::{Expression, ExpressionError, TemplateString};
use crate::syntax::json::{Member, Node, Value};

/// Values within values, parameters and variables that name each other: more than real templates
/// have, and few enough for the stack.
const LEVELS_MAX: usize = 150;

/// Values made in all, and in one tree. The largest real templates need some ten thousand.
const WORK_MAX: usize = 10_000_000;
const VALUES_MAX: usize = 300_000;

/// Azure stops at 800 copies.
pub(super) const COPIES_MAX: i64 = 10_000;

/// What one expansion shares: the settings, the warnings, the limits.
pub(super) struct Evaluator<'s> {
    pub(super) settings: &'s TemplateSettings,
    pub(super) interest: Interest,
    warnings: RefCell<Vec<Warning>>,
    skipped: RefCell<Vec<Warning>>,
    seen: RefCell<HashSet<(String, Option<Span>)>>,
    parsed: RefCell<HashMap<SmolStr, Parsed>>,
    /// How many branches are looked at of which nobody knows whether they are taken.
    branches: Cell<usize>,
    level: Cell<usize>,
    work: Cell<usize>,
}

type Parsed = Result<Rc<TemplateString>, ExpressionError>;

impl<'s> Evaluator<'s> {
    pub(super) fn new(settings: &'s TemplateSettings, interest: Interest) -> Self {
        Self {
            settings,
            interest,
            warnings: RefCell::default(),
            skipped: RefCell::default(),
            seen: RefCell::default(),
            parsed: RefCell::default(),
            branches: Cell::new(0),
            level: Cell::new(0),
            work: Cell::new(0),
        }
    }

    /// The warnings, and what is not deployed.
    pub(super) fn into_warnings(self) -> (Vec<Warning>, Vec<Warning>) {
        (self.warnings.into_inner(), self.skipped.into_inner())
    }

    /// Keeps why a resource is not deployed.
    pub(super) fn skip(&self, warning: Warning) {
        self.skipped.borrow_mut().push(warning);
    }

    /// Keeps a warning, once.
    pub(super) fn warn(&self, warning: Warning) {
        if self.seen.borrow_mut().insert((warning.message.clone(), warning.span)) {
            self.warnings.borrow_mut().push(warning);
        }
    }

    /// Says that Azure would refuse what stands at `span`, if it ever comes to it.
    pub(super) fn refuse(&self, message: impl Into<String>, span: Span) {
        if self.branches.get() > 0 {
            return;
        }
        let help = "Azure refuses this: correct the template; what depends on it is not known";
        self.warn(Warning::new(Severity::Error, message, Some(span)).with_help(help));
    }

    /// Runs in a branch that may not be taken.
    pub(super) fn in_branch<T>(&self, run: impl FnOnce() -> T) -> T {
        self.branches.set(self.branches.get() + 1);
        let result = run();
        self.branches.set(self.branches.get() - 1);
        result
    }

    /// Counts `amount` more values against the limit.
    pub(super) fn charge(&self, amount: usize, span: Span) -> Result<(), TemplateError> {
        let work = self.work.get().saturating_add(amount);
        self.work.set(work);
        if work > WORK_MAX || amount > VALUES_MAX {
            let message = "the template makes too many values";
            return Err(TemplateError::new(message, span)
                .with_help("look for copies of copies, or a variable that doubles another"));
        }
        Ok(())
    }

    /// Runs one level deeper.
    pub(super) fn deeper<T>(
        &self,
        span: Span,
        run: impl FnOnce() -> Result<T, TemplateError>,
    ) -> Result<T, TemplateError> {
        let level = self.level.get();
        if level >= LEVELS_MAX {
            let message = format!("the value is nested more than {LEVELS_MAX} levels deep");
            return Err(TemplateError::new(message, span)
                .with_help("look for parameters and variables that name each other"));
        }
        self.level.set(level + 1);
        let result = run();
        self.level.set(level);
        result
    }

    /// The tree with every expression in it evaluated.
    pub(super) fn node<'a>(
        &self,
        tree: &'a Node,
        frame: &Frame<'a>,
    ) -> Result<Node, TemplateError> {
        self.charge(1, tree.span)?;
        match &tree.value {
            Value::String(text) => {
                let value = self.string(text, frame, tree.span)?;
                if Rc::strong_count(&value) > 1 {
                    self.charge(size(&value), tree.span)?;
                }
                Ok(Rc::unwrap_or_clone(value))
            }
            Value::Array(elements) => self.deeper(tree.span, || {
                let elements: Result<_, _> =
                    elements.iter().map(|element| self.node(element, frame)).collect();
                Ok(node(Value::Array(elements?), tree.span))
            }),
            Value::Object(members) => {
                self.deeper(tree.span, || self.object(members, frame, tree.span))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Unresolved(_) => {
                Ok(tree.clone())
            }
        }
    }

    /// Like [`Self::node`], without a copy where the tree is one expression.
    pub(super) fn shared<'a>(
        &self,
        tree: &'a Node,
        frame: &Frame<'a>,
    ) -> Result<Rc<Node>, TemplateError> {
        match &tree.value {
            Value::String(text) => self.string(text, frame, tree.span),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_)
            | Value::Unresolved(_) => self.node(tree, frame).map(Rc::new),
        }
    }

    fn object<'a>(
        &self,
        members: &'a [Member],
        frame: &Frame<'a>,
        span: Span,
    ) -> Result<Node, TemplateError> {
        let mut made = Vec::with_capacity(members.len());
        for part in members {
            if is_copy(part) {
                for copy in part.value.elements() {
                    made.extend(self.copied_member(copy, frame)?);
                }
                continue;
            }
            // Where a certificate lies is no part of a rule set, and its parameter has no default.
            if part.key.value.eq_ignore_ascii_case("keyVaultSecretId") {
                continue;
            }
            let key = self.key(&part.key, frame, span)?;
            made.push(Member { key, value: self.node(&part.value, frame)? });
        }
        Ok(node(Value::Object(made), span))
    }

    /// A key may be computed: `"[parameters('name')]": …`.
    fn key(
        &self,
        key: &Spanned<SmolStr>,
        frame: &Frame<'_>,
        object: Span,
    ) -> Result<Spanned<SmolStr>, TemplateError> {
        if !key.value.starts_with('[') {
            return Ok(key.clone());
        }
        let value = self.string(&key.value, frame, key.span.unwrap_or(object))?;
        let text = match &value.value {
            Value::String(text) => text.clone(),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_)
            | Value::Unresolved(_) => key.value.clone(),
        };
        Ok(Spanned { value: text, span: key.span })
    }

    /// One element of a `copy` array: a member whose value is an array.
    fn copied_member<'a>(
        &self,
        copy: &'a Node,
        frame: &Frame<'a>,
    ) -> Result<Option<Member>, TemplateError> {
        let Some(name) = copy.get("name").and_then(Node::text) else {
            self.refuse("a `copy` without a name", copy.span);
            return Ok(None);
        };
        Ok(Some(member(name, self.copied(copy, name, frame)?)))
    }

    /// The array that a `copy` of values makes. Unresolved as a whole if its length is.
    pub(super) fn copied<'a>(
        &self,
        copy: &'a Node,
        name: &str,
        frame: &Frame<'a>,
    ) -> Result<Node, TemplateError> {
        let Some(input) = copy.get("input") else {
            self.refuse(format!("the copy `{name}` has no `input`"), copy.span);
            return Ok(unresolved(format!("[variables('{name}')]"), copy.span));
        };
        let count = match self.copy_count(copy, name, frame)? {
            Count::Known(count) => count,
            Count::Unresolved(text) => {
                let count = text.trim_start_matches('[').strip_suffix(']').unwrap_or(&text);
                return Ok(unresolved(format!("[copy('{name}', {count})]"), copy.span));
            }
        };
        let mut elements = Vec::with_capacity(count);
        for index in 0..count {
            let inner = frame.in_loop(name.into(), index, LoopKind::Value);
            elements.push(self.node(input, &inner)?);
        }
        Ok(node(Value::Array(elements), input.span))
    }

    /// How often a `copy` runs.
    pub(super) fn copy_count<'a>(
        &self,
        copy: &'a Node,
        name: &str,
        frame: &Frame<'a>,
    ) -> Result<Count, TemplateError> {
        let Some(written) = copy.get("count") else {
            let message = format!("the copy `{name}` has no `count`");
            return Err(TemplateError::new(message, copy.span)
                .with_help("write how many: `\"count\": \"[length(parameters('list'))]\"`"));
        };
        let count = self.shared(written, frame)?;
        let digits = match &count.value {
            Value::Number(digits) | Value::String(digits) => digits.clone(),
            Value::Unresolved(text) => return Ok(Count::Unresolved(text.clone())),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => SmolStr::default(),
        };
        if let Ok(number @ 0..=COPIES_MAX) = digits.parse::<i64>() {
            return Ok(Count::Known(usize::try_from(number).unwrap_or(0)));
        }
        let message = format!("the copy `{name}` has no usable count: `{digits}`");
        Err(TemplateError::new(message, written.span)
            .with_help(format!("a count lies between 0 and {COPIES_MAX}")))
    }

    /// A string of the template: itself, or what its expression gives.
    pub(super) fn string(
        &self,
        text: &SmolStr,
        frame: &Frame<'_>,
        span: Span,
    ) -> Result<Rc<Node>, TemplateError> {
        if !text.starts_with('[') {
            return Ok(Rc::new(string(text.clone(), span)));
        }
        match self.parsed(text) {
            Ok(parsed) => match &*parsed {
                TemplateString::Literal(text) => Ok(Rc::new(string(text.clone(), span))),
                TemplateString::Expression(expression) => self.expression(expression, frame, span),
            },
            Err(error) => {
                self.refuse(format!("`{text}` is no template expression: {error}"), span);
                Ok(Rc::new(unresolved(text.clone(), span)))
            }
        }
    }

    pub(super) fn parsed(&self, text: &SmolStr) -> Parsed {
        if let Some(known) = self.parsed.borrow().get(text) {
            return known.clone();
        }
        let parsed = TemplateString::parse(text).map(Rc::new);
        self.parsed.borrow_mut().insert(text.clone(), parsed.clone());
        parsed
    }

    /// What an expression gives; values it makes have the place `span`.
    pub(super) fn expression(
        &self,
        expression: &Expression,
        frame: &Frame<'_>,
        span: Span,
    ) -> Result<Rc<Node>, TemplateError> {
        match expression {
            Expression::String(text) => Ok(Rc::new(string(text.clone(), span))),
            Expression::Integer(number) => {
                Ok(Rc::new(crate::load::template::build::integer(*number, span)))
            }
            Expression::Call(call) => self.deeper(span, || {
                let value = self.call(call, frame, span)?;
                // What others hold too was there before.
                if Rc::strong_count(&value) == 1 {
                    self.charge(size(&value), span)?;
                }
                Ok(value)
            }),
        }
    }
}

/// A number of copies.
pub(super) enum Count {
    Known(usize),
    /// The expression that only a deployment can settle.
    Unresolved(SmolStr),
}

/// Whether a member is Azure's word for repetition and not data that is called "copy".
fn is_copy(part: &Member) -> bool {
    let is_element =
        |element: &Node| element.get("name").is_some() && element.get("count").is_some();
    let elements = part.value.elements();
    part.key.value.eq_ignore_ascii_case("copy")
        && !elements.is_empty()
        && elements.iter().all(is_element)
}
