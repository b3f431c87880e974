//! One template's parameters, variables and functions, evaluated on demand and once.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use smol_str::SmolStr;

use crate::load::template::error::TemplateError;
use crate::source::Span;
use crate::syntax::json::Node;

/// A template with the values it was given.
pub(super) struct Program<'a> {
    pub(super) template: Option<&'a Node>,
    pub(super) parameters: HashMap<String, Parameter<'a>>,
    pub(super) variables: HashMap<String, Variable<'a>>,
    pub(super) place: Place,
    /// The name of the deployment that holds the template; absent for the outermost.
    pub(super) deployment: Option<SmolStr>,
    /// The deployments in the template, once somebody asked for them.
    pub(super) deployments: RefCell<Option<Rc<[DeploymentName]>>>,
    /// Their outputs that were asked for.
    pub(super) outputs: RefCell<HashMap<OutputKey, Option<Rc<Node>>>>,
}

/// Which output: the address of its deployment in the tree, the copy, the name.
pub(super) type OutputKey = (usize, Option<usize>, SmolStr);

/// A deployment resource of a template.
pub(super) struct DeploymentName {
    pub(super) name: SmolStr,
    /// Its number among the resources.
    pub(super) entry: usize,
    /// The copy loop around it and its index there.
    pub(super) copy: Option<(SmolStr, usize)>,
}

/// Where a template is deployed, as far as known.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    pub(super) subscription: Option<SmolStr>,
    pub(super) resource_group: Option<SmolStr>,
    pub(super) location: Option<SmolStr>,
}

pub(super) struct Parameter<'a> {
    pub(super) name: SmolStr,
    /// Absent for a parameter of a user-defined function.
    pub(super) declaration: Option<&'a Node>,
    pub(super) supplied: Option<Supplied<'a>>,
    pub(super) memo: Memo,
}

/// A parameter's value from outside.
#[derive(Clone)]
pub(super) enum Supplied<'a> {
    /// A value without expressions.
    Value(Rc<Node>),
    /// Written in the template around this one and meant in its terms.
    Outer(&'a Node, Frame<'a>),
    /// A Key Vault secret: only a deployment reads it.
    Secret(Span),
}

pub(super) struct Variable<'a> {
    pub(super) source: VariableSource<'a>,
    pub(super) memo: Memo,
}

pub(super) enum VariableSource<'a> {
    Plain(&'a Node),
    /// An element of `copy`: name, count and input.
    Copy(&'a Node),
}

/// A value that is computed at most once.
#[derive(Default)]
pub(super) struct Memo {
    value: RefCell<Option<Rc<Node>>>,
    is_running: Cell<bool>,
}

impl Memo {
    /// The value, computed now if it was not before. A computation that needs its own result ends
    /// in the error `cycle`.
    pub(super) fn value(
        &self,
        cycle: impl FnOnce() -> TemplateError,
        compute: impl FnOnce() -> Result<Rc<Node>, TemplateError>,
    ) -> Result<Rc<Node>, TemplateError> {
        if let Some(value) = self.value.borrow().as_ref() {
            return Ok(Rc::clone(value));
        }
        if self.is_running.replace(true) {
            return Err(cycle());
        }
        let value = compute();
        self.is_running.set(false);
        let value = value?;
        *self.value.borrow_mut() = Some(Rc::clone(&value));
        Ok(value)
    }
}

/// What an expression can name besides functions: the template's declarations, the copy loops and
/// the lambda variables around it.
#[derive(Clone)]
pub(super) struct Frame<'a> {
    pub(super) program: Rc<Program<'a>>,
    loops: Option<Rc<Loop>>,
    bindings: Option<Rc<Binding>>,
}

struct Loop {
    name: SmolStr,
    index: usize,
    kind: LoopKind,
    outer: Option<Rc<Loop>>,
}

/// What a copy loop repeats.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum LoopKind {
    Resource,
    Value,
}

struct Binding {
    name: SmolStr,
    value: Rc<Node>,
    outer: Option<Rc<Binding>>,
}

impl<'a> Frame<'a> {
    pub(super) fn new(program: Rc<Program<'a>>) -> Self {
        Self { program, loops: None, bindings: None }
    }

    /// The template's own level: what variables and parameter defaults see.
    pub(super) fn top(&self) -> Self {
        Self::new(Rc::clone(&self.program))
    }

    pub(super) fn in_loop(&self, name: SmolStr, index: usize, kind: LoopKind) -> Self {
        let outer = self.loops.clone();
        Self { loops: Some(Rc::new(Loop { name, index, kind, outer })), ..self.clone() }
    }

    pub(super) fn with_binding(&self, name: SmolStr, value: Rc<Node>) -> Self {
        let outer = self.bindings.clone();
        Self { bindings: Some(Rc::new(Binding { name, value, outer })), ..self.clone() }
    }

    /// The index of the loop `name`. Without a name: of the innermost resource loop, or of the
    /// innermost loop where no resource is copied.
    pub(super) fn loop_index(&self, name: Option<&str>) -> Option<usize> {
        let all = || std::iter::successors(self.loops.as_deref(), |inner| inner.outer.as_deref());
        match name {
            Some(name) => all().find(|a| a.name.eq_ignore_ascii_case(name)).map(|a| a.index),
            None => all()
                .find(|a| a.kind == LoopKind::Resource)
                .or_else(|| all().next())
                .map(|a| a.index),
        }
    }

    pub(super) fn binding(&self, name: &str) -> Option<Rc<Node>> {
        std::iter::successors(self.bindings.as_deref(), |inner| inner.outer.as_deref())
            .find(|binding| binding.name.eq_ignore_ascii_case(name))
            .map(|binding| Rc::clone(&binding.value))
    }
}

impl<'a> Program<'a> {
    /// A template without parameter values.
    pub(super) fn new(template: &'a Node, place: Place, deployment: Option<SmolStr>) -> Self {
        let mut program = Self {
            template: Some(template),
            parameters: HashMap::new(),
            variables: variables(template),
            place,
            deployment,
            deployments: RefCell::default(),
            outputs: RefCell::default(),
        };
        for member in template.get("parameters").map_or(&[][..], Node::members) {
            let name = &member.key.value;
            program.parameters.insert(
                name.to_ascii_lowercase(),
                Parameter {
                    name: name.clone(),
                    declaration: Some(&member.value),
                    supplied: None,
                    memo: Memo::default(),
                },
            );
        }
        program
    }

    /// Gives the parameter `name` a value; false if the template does not declare it.
    pub(super) fn supply(&mut self, name: &str, value: Supplied<'a>) -> bool {
        match self.parameters.get_mut(&name.to_ascii_lowercase()) {
            Some(parameter) => {
                parameter.supplied = Some(value);
                true
            }
            None => false,
        }
    }
}

fn variables(template: &Node) -> HashMap<String, Variable<'_>> {
    let mut found = HashMap::new();
    for member in template.get("variables").map_or(&[][..], Node::members) {
        if member.key.value.eq_ignore_ascii_case("copy") {
            for copy in member.value.elements() {
                let Some(name) = copy.get("name").and_then(Node::text) else { continue };
                let source = VariableSource::Copy(copy);
                found.insert(name.to_ascii_lowercase(), Variable { source, memo: Memo::default() });
            }
            continue;
        }
        let source = VariableSource::Plain(&member.value);
        found.insert(
            member.key.value.to_ascii_lowercase(),
            Variable { source, memo: Memo::default() },
        );
    }
    found
}
