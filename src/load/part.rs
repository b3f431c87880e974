//! Settings that flows depend on: one that is not known must not count as not set.

use smol_str::SmolStr;

use super::fields::{Fields, Scalar, Subject, is_empty, scalar};
use super::notes::{Notes, quoted};
use crate::policy::Written;
use crate::source::{Severity, Span, Spanned};
use crate::syntax::json::Value;
use crate::syntax::value::ValueError;

/// What to do about an expression that is not settled.
pub(super) const GIVE_VALUES: &str =
    "give the parameters in it values with `--set NAME=VALUE` or a parameter file";

/// What comes of a setting that is not known.
const DEPENDING_FLOWS: &str = "flows that depend on it stay undecided";

/// The modes of threat intelligence and of IDPS.
pub(super) const MODES: &str = "`Off`, `Alert` or `Deny`";

/// A reader of one of a few words.
pub(super) fn choice<T>(
    from_text: impl Fn(&str) -> Option<T>,
    choices: &'static str,
) -> impl Fn(&str) -> Result<T, ValueError> {
    move |text| {
        from_text(text).ok_or_else(|| ValueError {
            message: format!("expected {choices}"),
            help: Some("write one of them".to_owned()),
            offset: 0,
        })
    }
}

/// An object within another one.
#[derive(Debug, Clone)]
pub(super) enum Part<'n> {
    /// It is not there, or says nothing.
    Nothing,
    Unknown(Unknown),
    Fields(Subject<'n>),
}

/// What stands where something is expected and is not known.
#[derive(Debug, Clone)]
pub(super) struct Unknown {
    pub(super) text: SmolStr,
    pub(super) is_expression: bool,
    pub(super) span: Span,
}

impl Unknown {
    /// The same as a value of any type.
    pub(super) fn written<T>(&self) -> Spanned<Written<T>> {
        let text = self.text.clone();
        let written =
            if self.is_expression { Written::Unresolved(text) } else { Written::Invalid(text) };
        Spanned::new(written, self.span)
    }
}

impl Notes<'_> {
    /// An object within `subject`, such as `dnsSettings`.
    pub(super) fn part<'n>(&mut self, subject: &Subject<'n>, keys: &[&str]) -> Part<'n> {
        let Some(node) = subject.fields.first(keys) else { return Part::Nothing };
        let key = keys.first().copied().unwrap_or_default();
        match (&node.value, scalar(node)) {
            (Value::Object(_), _) => {
                let fields = Fields::of(node);
                Part::Fields(Subject { fields, ..subject.clone() })
            }
            (_, Some(Scalar::Unresolved(expression))) => {
                self.warn_of_unresolved(subject, key, &expression, node.span);
                Part::Unknown(Unknown { text: expression, is_expression: true, span: node.span })
            }
            _ if is_empty(node) => Part::Nothing,
            _ => {
                let text = SmolStr::from(self.written(node.span));
                let message = format!("invalid `{key}` `{text}` of {subject}: expected an object");
                self.warn_with_help(Severity::Error, message, node.span, DEPENDING_FLOWS);
                Part::Unknown(Unknown { text, is_expression: false, span: node.span })
            }
        }
    }

    fn warn_of_unresolved(
        &mut self,
        subject: &Subject<'_>,
        key: &str,
        expression: &str,
        span: Span,
    ) {
        let message = format!("`{key}` of {subject} is not known: `{}`", quoted(expression));
        let help = format!("{DEPENDING_FLOWS}; {GIVE_VALUES}");
        self.warn_with_help(Severity::Error, message, span, help);
    }

    /// A single setting that flows depend on; what is not known of it is reported and kept.
    pub(super) fn setting<T>(
        &mut self,
        subject: &Subject<'_>,
        key: &str,
        parse: impl Fn(&str) -> Result<T, ValueError>,
    ) -> Option<Spanned<Written<T>>> {
        let setting = self.single(subject, key, &format!("`{key}`"), parse)?;
        if let (Written::Unresolved(expression), Some(span)) = (&setting.value, setting.span) {
            self.warn_of_unresolved(subject, key, expression, span);
        }
        Some(setting)
    }
}
