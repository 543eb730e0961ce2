//! Functions that are called often are compiled again.
//!
//! A module may come with code that was made fast rather than good, and a number of calls after which a function is
//! worth better code ([`Verified::patience`](perilune_bytecode::Verified::patience)). Calls of such functions all
//! take the general way ([`ARITY_COUNTED`]), which counts them. When the count has run down, the new code takes the
//! place of the old in the `Proto`, for this call and all later ones, of all its closures; frames that run the
//! old code go on in it, and [`Proto::at`] tells by the pc which of the two a frame runs.
//!
//! Only calls count, so the same program runs the same code at the same time in every run. Where the better code cannot be
//! had, such as for lack of memory, the function keeps what it has, and nobody notices.

use crate::load::{Layout, LongStrings};
use crate::object::{ARITY_COUNTED, Origin, Proto};
use crate::pairs::pair_up;
use crate::vm::Vm;
use std::cell::OnceCell;

impl Vm {
    /// Counts a call that is about to begin, and compiles the function again if it was the last that it waited for.
    ///
    /// # Safety
    /// `proto` is live and loaded.
    #[cold]
    #[inline(never)]
    pub(crate) unsafe fn count_call(&mut self, proto: *mut Proto) {
        (*proto).patience -= 1;
        if (*proto).patience > 0 {
            return;
        }
        if (*proto).arity == ARITY_COUNTED {
            (*proto).arity = (*proto).params;
        }
        self.recompile(proto);
    }

    unsafe fn recompile(&mut self, proto: *mut Proto) {
        let (module, id) = {
            let origin = (*proto).origin();
            (origin.module.clone(), origin.id)
        };
        let better = match module.recompile(id) {
            None => return,
            Some(Ok(better)) => better,
            Some(Err(errors)) => panic!("the compiler made code that does not verify: {errors}"),
        };
        let Ok(constants) = self.make_constants(&better.constants, &mut LongStrings::default()) else {
            return;
        };
        let mut constants = constants.into_boxed_slice();
        let mut code = better.code.clone().into_boxed_slice();
        pair_up(&mut code);
        let paid = Origin::bytes(&code, &constants, &[], Some(&better));
        if self.heap.memory.charge(paid).is_err() {
            return;
        }
        let Some(old) = (*proto).origin.take() else {
            unreachable!("H1: the function is loaded")
        };
        crate::load::note_returns(&mut code, &better);
        let layout = Layout::of(&better);
        (*proto).words = code.len() as u32;
        (*proto).code = code.as_mut_ptr();
        (*proto).constants = constants.as_mut_ptr();
        (*proto).frame_bytes = layout.frame_bytes;
        (*proto).origin = Some(Box::new(Origin {
            module,
            id,
            code,
            constants,
            // The nested functions are among those of the old code, which keeps them.
            protos: Box::default(),
            liveness: OnceCell::new(),
            better: Some(better),
            frame_size: layout.frame_size,
            older: Some(old),
            paid,
        }));
        // New constants may be white while the function is black.
        self.barrier(proto);
    }
}
