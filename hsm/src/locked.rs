//! A value on pages of its own, which are locked and left out of core dumps for as long as it lives, and wiped before they are
//! given back: a few system calls when it is made, and none when it is used.
#![allow(unsafe_code, reason = "memory that a value is put into by its address: a C border")]

use crate::secret::{keep, let_go, tell};
use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ops::{Deref, DerefMut, Range};
use std::ptr::NonNull;
use zeroize::Zeroize as _;

/// What may be made of zeros.
///
/// # Safety
/// Bytes that are all zero are a value of the type, and nothing has to be done when a value goes.
pub unsafe trait Zeroed {}

/// The value.
pub struct Locked<T: Zeroed>(NonNull<T>);

impl<T: Zeroed> Locked<T> {
    /// All zeros, for the caller to fill. Where the pages cannot be locked, that is told once, as of any secret.
    pub fn zeroed() -> Self {
        let layout = Self::layout();
        // SAFETY: the layout has at least a page.
        let bytes = unsafe { alloc_zeroed(layout) };
        let Some(place) = NonNull::new(bytes.cast::<T>()) else { handle_alloc_error(layout) };
        let locked = Self(place);
        for page in locked.pages() {
            if let Err(why) = keep(page) {
                tell(why);
            }
        }
        locked
    }

    /// Whole pages, of which nothing else has a part.
    fn layout() -> Layout {
        let page = rustix::param::page_size();
        let size = size_of::<T>().max(1).next_multiple_of(page);
        Layout::from_size_align(size, page.max(align_of::<T>())).unwrap_or(Layout::new::<T>())
    }

    /// The pages, by number.
    fn pages(&self) -> Range<usize> {
        let (start, page) = (self.0.as_ptr() as usize, rustix::param::page_size());
        start / page..(start + Self::layout().size()).div_ceil(page)
    }
}

impl<T: Zeroed> Deref for Locked<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the memory is this value's alone, aligned, and a value of the type since it was zeroed.
        unsafe { self.0.as_ref() }
    }
}

impl<T: Zeroed> DerefMut for Locked<T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as before, and nobody else has it.
        unsafe { self.0.as_mut() }
    }
}

impl<T: Zeroed> Drop for Locked<T> {
    fn drop(&mut self) {
        let layout = Self::layout();
        // SAFETY: the memory is that of the layout, and nobody has a reference to it any more.
        unsafe { std::slice::from_raw_parts_mut(self.0.as_ptr().cast::<u8>(), layout.size()) }.zeroize();
        self.pages().for_each(let_go);
        // SAFETY: it was had with the same layout.
        unsafe { dealloc(self.0.as_ptr().cast(), layout) }
    }
}

// SAFETY: it owns the value alone, as a box does.
unsafe impl<T: Zeroed + Send> Send for Locked<T> {}
// SAFETY: as for a box.
unsafe impl<T: Zeroed + Sync> Sync for Locked<T> {}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bytes {
        bytes: [u8; 5000],
    }

    // SAFETY: an array of bytes.
    unsafe impl Zeroed for Bytes {}

    /// The kernel's word for each mapping of this process that has one of these pages: `lo` is locked, `dd` left out of dumps.
    fn flags_of(pages: &Range<usize>) -> Vec<String> {
        let page = rustix::param::page_size();
        let maps = std::fs::read_to_string("/proc/self/smaps").unwrap_or_default();
        let (mut is_its, mut flags) = (false, Vec::new());
        for line in maps.lines() {
            let range = line.split_whitespace().next().and_then(|word| word.split_once('-'));
            let numbers = range.map(|(from, to)| [from, to].map(|n| usize::from_str_radix(n, 16)));
            if let Some([Ok(from), Ok(to)]) = numbers {
                is_its = pages.start * page < to && from < pages.end * page;
            } else if let Some(own) = line.strip_prefix("VmFlags:").filter(|_| is_its) {
                flags.push(own.to_owned());
            }
        }
        flags
    }

    #[test]
    fn its_pages_are_locked_and_left_out_of_core_dumps_while_it_lives() {
        let mut locked = Locked::<Bytes>::zeroed();
        locked.bytes.fill(7);
        let pages = locked.pages();
        assert!(pages.len() >= 2 && locked.bytes.iter().all(|byte| *byte == 7));
        let flags = flags_of(&pages);
        assert!(
            !flags.is_empty() && flags.iter().all(|own| own.contains(" lo") && own.contains(" dd")),
            "{flags:?}"
        );
        drop(locked);
        assert!(flags_of(&pages).iter().all(|own| !own.contains(" lo")), "{:?}", flags_of(&pages));
    }
}
