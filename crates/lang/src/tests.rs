//! Known values of the shared arithmetic.

use crate::*;

#[test]
fn placeholder_division() {
    assert_eq!(int_floor_div(i64::MIN, -1), Ok(i64::MIN));
}
