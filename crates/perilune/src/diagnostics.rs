//! Syntax errors with their place in the source.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use perilune_frontend::{SyntaxError, line_col};
use perilune_lang::chunk_display;

/// The most errors shown at once.
const MOST: usize = 10;

/// All errors of a chunk, each with line, column and the source line, a caret under the place.
pub fn render(source: &[u8], chunk_name: &[u8], errors: &[SyntaxError], color: bool) -> String {
    let text = String::from_utf8_lossy(source);
    // Places are byte offsets of the original; a lossy copy of other bytes would shift them.
    let exact = text.len() == source.len();
    let shown = String::from_utf8_lossy(&chunk_display(chunk_name)).into_owned();
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let mut out = String::new();
    for error in errors.iter().take(MOST) {
        let (line, column) = line_col(source, error.span.start);
        let whole = error.display(chunk_name);
        let prefix = format!("{shown}:{}: ", error.line);
        let message = whole.strip_prefix(&prefix).unwrap_or(&whole);
        out.push_str(&format!("{shown}:{line}:{column}: "));
        if exact && error.span.end as usize <= source.len() {
            let start = (error.span.start as usize).min(source.len());
            let range = start..(error.span.end as usize).max(start);
            let report = [Level::ERROR.primary_title(message).element(
                Snippet::source(text.as_ref())
                    .path(shown.as_str())
                    .annotation(AnnotationKind::Primary.span(range)),
            )];
            out.push_str(&renderer.render(&report));
        } else {
            out.push_str("error: ");
            out.push_str(message);
        }
        out.push('\n');
    }
    if errors.len() > MOST {
        out.push_str(&format!("... and {} more errors\n", errors.len() - MOST));
    }
    out
}
