//! Functions that run an expression for each element of an array: `map(…, lambda('x', …))`.

use std::cmp::Ordering;
use std::rc::Rc;

use smol_str::SmolStr;

use crate::load::template::build::{is_spread, member, node, spread};
use crate::load::template::call::Outcome;
use crate::load::template::evaluate::Evaluator;
use crate::load::template::function::{Arguments, Trouble};
use crate::load::template::lazy::truth;
use crate::load::template::program::Frame;
use crate::source::Span;
use crate::syntax::expression::{Call, Expression};
use crate::syntax::json::{Member, Node, Value};

/// `lambda('x', 'y', body)`
struct Lambda<'c> {
    names: Vec<SmolStr>,
    body: &'c Expression,
}

impl Evaluator<'_> {
    pub(super) fn with_lambda(
        &self,
        name: &str,
        call: &Call,
        frame: &Frame<'_>,
        span: Span,
    ) -> Outcome {
        let first = self.argument(call, 0, frame, span)?;
        if matches!(first.value, Value::Unresolved(_)) {
            return Err(Trouble::Unknown);
        }
        if name == "mapvalues" {
            return self.map_values(&first, call, frame, span);
        }
        let values = [Rc::clone(&first)];
        let elements = Arguments::new(&values, span).array(0)?;
        let made = match name {
            "map" => self.map(elements, call, frame, span)?,
            "filter" => self.filter(elements, call, frame, span)?,
            "reduce" => return self.reduce(elements, call, frame, span),
            "sort" => self.sort(elements, call, frame, span)?,
            "toobject" => return self.to_object(elements, call, frame, span),
            _ => return self.group_by(elements, call, frame, span),
        };
        Ok(Rc::new(node(Value::Array(made), span)))
    }

    fn run(
        &self,
        lambda: &Lambda<'_>,
        values: &[Rc<Node>],
        frame: &Frame<'_>,
        span: Span,
    ) -> Outcome {
        let mut inner = frame.clone();
        for (name, value) in lambda.names.iter().zip(values) {
            inner = inner.with_binding(name.clone(), Rc::clone(value));
        }
        Ok(self.expression(lambda.body, &inner, span)?)
    }

    fn map(
        &self,
        elements: &[Node],
        call: &Call,
        frame: &Frame<'_>,
        span: Span,
    ) -> Result<Vec<Node>, Trouble> {
        let lambda = lambda(call, 1)?;
        let mut made = Vec::with_capacity(elements.len());
        for (index, element) in elements.iter().enumerate() {
            if is_spread(element) {
                let text = self.residual(call, None, frame, span)?;
                if let Value::Unresolved(text) = &text.value {
                    made.push(spread(text, span));
                }
                continue;
            }
            let values = [Rc::new(element.clone()), position(index, span)];
            made.push(Rc::unwrap_or_clone(self.run(&lambda, &values, frame, span)?));
        }
        Ok(made)
    }

    /// An element of which nobody knows whether it stays makes the whole result unknown.
    fn filter(
        &self,
        elements: &[Node],
        call: &Call,
        frame: &Frame<'_>,
        span: Span,
    ) -> Result<Vec<Node>, Trouble> {
        let lambda = lambda(call, 1)?;
        let mut kept = Vec::new();
        for (index, element) in elements.iter().enumerate() {
            if is_spread(element) {
                return Err(Trouble::Unknown);
            }
            let values = [Rc::new(element.clone()), position(index, span)];
            let verdict = self.run(&lambda, &values, frame, span)?;
            if truth(&verdict)?.ok_or(Trouble::Unknown)? {
                kept.push(element.clone());
            }
        }
        Ok(kept)
    }

    fn reduce(&self, elements: &[Node], call: &Call, frame: &Frame<'_>, span: Span) -> Outcome {
        let mut total = self.argument(call, 1, frame, span)?;
        let lambda = lambda(call, 2)?;
        for (index, element) in elements.iter().enumerate() {
            if is_spread(element) {
                return Err(Trouble::Unknown);
            }
            let values = [total, Rc::new(element.clone()), position(index, span)];
            total = self.run(&lambda, &values, frame, span)?;
        }
        Ok(total)
    }

    /// Insertion by a lambda that says whether one element stands before another.
    fn sort(
        &self,
        elements: &[Node],
        call: &Call,
        frame: &Frame<'_>,
        span: Span,
    ) -> Result<Vec<Node>, Trouble> {
        let lambda = lambda(call, 1)?;
        let mut sorted: Vec<Rc<Node>> = Vec::with_capacity(elements.len());
        for element in elements {
            if is_spread(element) {
                return Err(Trouble::Unknown);
            }
            let element = Rc::new(element.clone());
            let (mut low, mut high) = (0, sorted.len());
            while low < high {
                let middle = usize::midpoint(low, high);
                let Some(other) = sorted.get(middle) else { break };
                let values = [Rc::clone(&element), Rc::clone(other)];
                let verdict = self.run(&lambda, &values, frame, span)?;
                match truth(&verdict)?.ok_or(Trouble::Unknown)?.cmp(&true) {
                    Ordering::Equal => high = middle,
                    Ordering::Less | Ordering::Greater => low = middle + 1,
                }
            }
            sorted.insert(low, element);
        }
        Ok(sorted.into_iter().map(Rc::unwrap_or_clone).collect())
    }

    fn to_object(&self, elements: &[Node], call: &Call, frame: &Frame<'_>, span: Span) -> Outcome {
        let key = lambda(call, 1)?;
        let value = if call.arguments.len() > 2 { Some(lambda(call, 2)?) } else { None };
        let mut members: Vec<Member> = Vec::with_capacity(elements.len());
        for element in elements {
            if is_spread(element) {
                return Err(Trouble::Unknown);
            }
            let element = [Rc::new(element.clone())];
            let name = self.run(&key, &element, frame, span)?;
            let names = [name];
            let name = Arguments::new(&names, span).text(0)?;
            let [element] = element;
            let value = match &value {
                Some(lambda) => self.run(lambda, &[element], frame, span)?,
                None => element,
            };
            members.retain(|member| member.key.value != name);
            members.push(member(name, Rc::unwrap_or_clone(value)));
        }
        Ok(Rc::new(node(Value::Object(members), span)))
    }

    fn group_by(&self, elements: &[Node], call: &Call, frame: &Frame<'_>, span: Span) -> Outcome {
        let key = lambda(call, 1)?;
        let mut groups: Vec<(SmolStr, Vec<Node>)> = Vec::new();
        for element in elements {
            if is_spread(element) {
                return Err(Trouble::Unknown);
            }
            let names = [self.run(&key, &[Rc::new(element.clone())], frame, span)?];
            let name = Arguments::new(&names, span).text(0)?;
            match groups.iter_mut().find(|(group, _)| group == name) {
                Some((_, group)) => group.push(element.clone()),
                None => groups.push((name.into(), vec![element.clone()])),
            }
        }
        let array = |(name, group): (SmolStr, _)| member(name, node(Value::Array(group), span));
        let members = groups.into_iter().map(array).collect();
        Ok(Rc::new(node(Value::Object(members), span)))
    }

    fn map_values(&self, object: &Node, call: &Call, frame: &Frame<'_>, span: Span) -> Outcome {
        let lambda = lambda(call, 1)?;
        let mut members = Vec::new();
        for part in object.members() {
            let value = self.run(&lambda, &[Rc::new(part.value.clone())], frame, span)?;
            members.push(Member { key: part.key.clone(), value: Rc::unwrap_or_clone(value) });
        }
        Ok(Rc::new(node(Value::Object(members), span)))
    }
}

fn position(index: usize, span: Span) -> Rc<Node> {
    Rc::new(node(Value::Number(index.to_string().into()), span))
}

/// Argument `index` of the call, which must be a lambda.
fn lambda(call: &Call, index: usize) -> Result<Lambda<'_>, Trouble> {
    let refused = || Trouble::refused(format!("takes a lambda as argument {}", index + 1));
    let Some(Expression::Call(lambda)) = call.arguments.get(index) else { return Err(refused()) };
    let Some((body, names)) = lambda.arguments.split_last() else { return Err(refused()) };
    if !lambda.name.eq_ignore_ascii_case("lambda") {
        return Err(refused());
    }
    let name = |argument: &Expression| match argument {
        Expression::String(name) => Ok(name.clone()),
        Expression::Integer(_) | Expression::Call(_) => Err(refused()),
    };
    Ok(Lambda { names: names.iter().map(name).collect::<Result<_, _>>()?, body })
}
