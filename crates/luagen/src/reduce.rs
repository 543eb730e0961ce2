//! Makes a program that shows something smaller: deletes blocks and lines, unwraps blocks, as long as it still shows it.

/// Smaller candidates of a program, the smallest first.
fn candidates(lines: &[String]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    // Ranges of lines, long ones first.
    let mut size = lines.len() / 2;
    while size > 1 {
        for start in (0..lines.len().saturating_sub(size - 1)).step_by(size.div_ceil(2)) {
            found.push(without(lines, start, start + size));
        }
        size /= 2;
    }
    for start in 0..lines.len() {
        if let Some(end) = block_end(lines, start) {
            found.push(without(lines, start, end + 1));
            // The inside alone.
            let mut inside = lines.to_vec();
            inside.remove(end);
            inside.remove(start);
            found.push(inside);
        }
        found.push(without(lines, start, start + 1));
    }
    found
}

fn without(lines: &[String], start: usize, end: usize) -> Vec<String> {
    let mut kept = lines[..start].to_vec();
    kept.extend_from_slice(&lines[end.min(lines.len())..]);
    kept
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The line that ends the block that a line opens, by indentation.
fn block_end(lines: &[String], start: usize) -> Option<usize> {
    let depth = indent(&lines[start]);
    let next = lines.get(start + 1)?;
    if indent(next) <= depth {
        return None;
    }
    (start + 1..lines.len()).find(|&at| indent(&lines[at]) <= depth)
}

/// The smallest program found for which `shows` holds. `shows` gets many candidates at once and gives the index of
/// the first that still shows what the program showed.
pub fn reduce(source: &str, mut shows: impl FnMut(&[String]) -> Option<usize>) -> String {
    let mut lines: Vec<String> = source.lines().map(str::to_owned).collect();
    for _ in 0..400 {
        let next = candidates(&lines);
        let texts: Vec<String> = next.iter().map(|lines| lines.join("\n") + "\n").collect();
        match shows(&texts) {
            Some(at) => lines.clone_from(&next[at]),
            None => break,
        }
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_matter_goes() {
        let source = "a()\ndo\n  b()\n  if x then\n    bad()\n  end\nend\nc()\n";
        let reduced = reduce(source, |texts| texts.iter().position(|t| t.contains("bad")));
        assert_eq!(reduced.trim(), "bad()");
    }
}
