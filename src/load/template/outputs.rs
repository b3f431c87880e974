//! `reference(deployment).outputs.name.value`: what one module hands to another. Both stand in the
//! same template, so the value is computed where it is made.

use std::rc::Rc;

use smol_str::SmolStr;

use crate::load::template::error::TemplateError;
use crate::load::template::evaluate::{Count, Evaluator};
use crate::load::template::interest::{entries, is_deployment};
use crate::load::template::program::{DeploymentName, Frame, LoopKind};
use crate::load::template::reference::{split_copy, target_text};
use crate::source::Span;
use crate::syntax::expression::{Accessor, Call, Expression};
use crate::syntax::json::Node;

/// Stands before the name in the id of a deployment.
const TYPE: &str = "/microsoft.resources/deployments/";

/// Steps of the path that name the output: `.outputs.name.value`.
pub(super) const OUTPUT_STEPS: usize = 3;

impl Evaluator<'_> {
    /// The output that a call and the first steps of its path name, if its deployment is known.
    pub(super) fn deployment_output(
        &self,
        call: &Call,
        frame: &Frame<'_>,
        span: Span,
    ) -> Result<Option<Rc<Node>>, TemplateError> {
        let [outputs, name, value, ..] = call.path.as_slice() else { return Ok(None) };
        let (Some(outputs), Some(name), Some(value)) =
            (step_name(outputs), step_name(name), step_name(value))
        else {
            return Ok(None);
        };
        let is_output =
            outputs.eq_ignore_ascii_case("outputs") && value.eq_ignore_ascii_case("value");
        if !is_output || !call.name.eq_ignore_ascii_case("reference") {
            return Ok(None);
        }
        let Some(argument) = call.arguments.first() else { return Ok(None) };
        let target = self.expression(argument, frame, span)?;
        let Some(target) = target_text(&target) else { return Ok(None) };
        let Some((resource, around)) = self.deployment_named(&target, frame)? else {
            return Ok(None);
        };
        let copy = around.loop_index(None);
        let key = (std::ptr::from_ref(resource).addr(), copy, SmolStr::from(name));
        if let Some(known) = frame.program.outputs.borrow().get(&key) {
            return Ok(known.clone());
        }
        // Modules that wait for each other find nothing.
        frame.program.outputs.borrow_mut().insert(key.clone(), None);
        // What goes wrong in there is not worse than not knowing the value.
        let output = self.deeper(span, || self.output_of(resource, name, &around)).unwrap_or(None);
        frame.program.outputs.borrow_mut().insert(key, output.clone());
        Ok(output)
    }

    fn output_of<'a>(
        &self,
        resource: &'a Node,
        name: &str,
        around: &Frame<'a>,
    ) -> Result<Option<Rc<Node>>, TemplateError> {
        let template = resource.get("properties").and_then(|it| it.get("template"));
        let Some(template) = template else { return Ok(None) };
        let output = template.get("outputs").and_then(|it| it.get(name));
        let Some(value) = output.and_then(|it| it.get("value")) else { return Ok(None) };
        let inner = self.frame_within(resource, template, name, around)?;
        self.shared(value, &inner).map(Some)
    }

    /// The deployment of this template that an id, a name or a symbolic name means, and what its
    /// parameters are written in terms of.
    fn deployment_named<'a>(
        &self,
        target: &str,
        frame: &Frame<'a>,
    ) -> Result<Option<(&'a Node, Frame<'a>)>, TemplateError> {
        let Some(template) = frame.program.template else { return Ok(None) };
        let (bare, index) = split_copy(target);
        if let Some(resource) = template.get("resources").and_then(|all| all.get(bare)) {
            let around = match index {
                Some(index) => frame.top().in_loop(bare.into(), index, LoopKind::Resource),
                None => frame.top(),
            };
            return Ok(Some((resource, around)));
        }
        let at = target.to_ascii_lowercase().find(TYPE).map_or(0, |at| at + TYPE.len());
        let name = target.get(at..).unwrap_or(target);
        let known = self.deployment_names(template, frame)?;
        let Some(found) = known.iter().find(|it| it.name.eq_ignore_ascii_case(name)) else {
            return Ok(None);
        };
        let around = match &found.copy {
            Some((name, index)) => frame.top().in_loop(name.clone(), *index, LoopKind::Resource),
            None => frame.top(),
        };
        Ok(entries(template).get(found.entry).map(|resource| (*resource, around)))
    }

    /// The names of the deployments in a template, computed once.
    fn deployment_names<'a>(
        &self,
        template: &'a Node,
        frame: &Frame<'a>,
    ) -> Result<Rc<[DeploymentName]>, TemplateError> {
        let cache = &frame.program.deployments;
        if let Some(known) = cache.borrow().as_ref() {
            return Ok(Rc::clone(known));
        }
        // A name that needs another deployment's output finds none while names are made.
        *cache.borrow_mut() = Some(Rc::from([]));
        let mut names = Vec::new();
        for (entry, resource) in entries(template).into_iter().enumerate() {
            let is_one = resource.get("type").and_then(Node::text).is_some_and(is_deployment);
            let Some(written) = resource.get("name").filter(|_| is_one) else { continue };
            for (copy, around) in self.copies(resource, &frame.top())? {
                let name = self.shared(written, &around)?;
                if let Some(name) = target_text(&name) {
                    names.push(DeploymentName { name, entry, copy });
                }
            }
        }
        let names: Rc<[DeploymentName]> = names.into();
        *cache.borrow_mut() = Some(Rc::clone(&names));
        Ok(names)
    }

    /// The copies of a resource, each with its loop; none if their number is unknown.
    #[expect(clippy::type_complexity, reason = "the pair is used in one place")]
    fn copies<'a>(
        &self,
        resource: &'a Node,
        top: &Frame<'a>,
    ) -> Result<Vec<(Option<(SmolStr, usize)>, Frame<'a>)>, TemplateError> {
        let Some(copy) = resource.get("copy") else { return Ok(vec![(None, top.clone())]) };
        let name = SmolStr::from(copy.get("name").and_then(Node::text).unwrap_or_default());
        let count = match self.copy_count(copy, &name, top)? {
            Count::Known(count) => count,
            Count::Unresolved(_) => 0,
        };
        let one = |index| {
            let around = top.in_loop(name.clone(), index, LoopKind::Resource);
            (Some((name.clone(), index)), around)
        };
        Ok((0..count).map(one).collect())
    }
}

fn step_name(accessor: &Accessor) -> Option<&str> {
    match accessor {
        Accessor::Property(name) | Accessor::Index(Expression::String(name)) => Some(name),
        Accessor::Index(Expression::Integer(_) | Expression::Call(_)) => None,
    }
}
