//! Preparation of numerical `for` loops: clipping, counting, and the errors.

use std::fmt;

use crate::{Num, Rounding, float_to_integer};

/// One of the three values of a numerical `for`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ForValue {
    /// A number.
    Number(Num),
    /// A string that converts to a number. Lua takes it, but then never as an integer loop's
    /// initial value or step.
    Coerced(Num),
    /// Anything else.
    Other,
}

impl ForValue {
    fn number(self) -> Option<Num> {
        match self {
            ForValue::Number(n) | ForValue::Coerced(n) => Some(n),
            ForValue::Other => None,
        }
    }
}

/// A prepared loop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ForLoop {
    /// The body does not run.
    Skip,
    /// The body runs for `start`, and then `count` times more, `step` added each time. No
    /// addition overflows.
    Int {
        /// The first value.
        start: i64,
        /// The step, not 0.
        step: i64,
        /// How many iterations follow the first.
        count: u64,
    },
    /// The body runs for `start`; [`float_for_next`] says how it goes on.
    Float {
        /// The first value.
        start: f64,
        /// The last value.
        limit: f64,
        /// The step, not 0.
        step: f64,
    },
}

/// Why a loop cannot be prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ForError {
    /// The initial value is no number.
    Initial,
    /// The limit is no number.
    Limit,
    /// The step is no number.
    Step,
    /// The step is zero.
    ZeroStep,
}

impl ForError {
    /// What is no number: `"limit"`; none for [`ForError::ZeroStep`].
    pub fn what(self) -> Option<&'static str> {
        match self {
            ForError::Initial => Some("initial value"),
            ForError::Limit => Some("limit"),
            ForError::Step => Some("step"),
            ForError::ZeroStep => None,
        }
    }
}

impl ForError {
    /// The message, given the type name of the value at fault.
    pub fn message(self, type_name: &str) -> String {
        match self.what() {
            Some(what) => format!("bad 'for' {what} (number expected, got {type_name})"),
            None => self.to_string(),
        }
    }
}

impl fmt::Display for ForError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.what() {
            Some(what) => write!(f, "bad 'for' {what} (number expected)"),
            None => f.write_str("'for' step is zero"),
        }
    }
}

impl std::error::Error for ForError {}

/// Prepares `for v = start, limit, step`.
///
/// # Errors
/// A value that is no number, or a step of zero, in the order in which the reference checks.
pub fn prepare_for(start: ForValue, limit: ForValue, step: ForValue) -> Result<ForLoop, ForError> {
    if let (ForValue::Number(Num::Int(start)), ForValue::Number(Num::Int(step))) = (start, step) {
        if step == 0 {
            return Err(ForError::ZeroStep);
        }
        let limit = limit.number().ok_or(ForError::Limit)?;
        return Ok(match clip_limit(start, limit, step) {
            None => ForLoop::Skip,
            Some(limit) => ForLoop::Int {
                start,
                step,
                count: iterations(start, limit, step),
            },
        });
    }
    let limit = limit.number().ok_or(ForError::Limit)?.to_float();
    let step = step.number().ok_or(ForError::Step)?.to_float();
    let start = start.number().ok_or(ForError::Initial)?.to_float();
    if step == 0.0 {
        return Err(ForError::ZeroStep);
    }
    let skip = if step > 0.0 { limit < start } else { start < limit };
    Ok(if skip {
        ForLoop::Skip
    } else {
        ForLoop::Float { start, limit, step }
    })
}

/// The next value of a float loop after `value`, or `None` at its end.
#[inline]
pub fn float_for_next(value: f64, limit: f64, step: f64) -> Option<f64> {
    let next = value + step;
    let more = if step > 0.0 { next <= limit } else { limit <= next };
    more.then_some(next)
}

/// The limit as an integer, clipped to the integers' range; none if the loop does not run.
fn clip_limit(start: i64, limit: Num, step: i64) -> Option<i64> {
    let rounding = if step < 0 { Rounding::Ceil } else { Rounding::Floor };
    let limit = match limit {
        Num::Int(i) => i,
        Num::Float(f) => match float_to_integer(f, rounding) {
            Some(i) => i,
            // Out of range (or NaN, which counts as below): no integer limit is right on the far
            // side, not even the extreme one, since a loop that starts there would run once.
            None if f > 0.0 => (step > 0).then_some(i64::MAX)?,
            None => (step < 0).then_some(i64::MIN)?,
        },
    };
    let runs = if step > 0 { start <= limit } else { limit <= start };
    runs.then_some(limit)
}

fn iterations(start: i64, limit: i64, step: i64) -> u64 {
    if step > 0 {
        (limit as u64).wrapping_sub(start as u64) / step as u64
    } else {
        (start as u64).wrapping_sub(limit as u64) / step.unsigned_abs()
    }
}
