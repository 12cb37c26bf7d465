//! The memory of the child's JavaScript engine, which can be put back to what it was.
//!
//! Every job gets an engine that no other job has touched. Making one, and freeing what the job before left in it,
//! costs more than a small job itself. So the child makes one engine before it reads any user code and takes an
//! *image* of its memory; after each job [`Heap::restore`] puts that memory back byte for byte and forgets
//! everything that was taken since. Nothing that a script did can survive that: there is no list of things to reset,
//! and nothing to forget on it.
//!
//! The price: what the engine refers to outside of this heap must not change while a job runs. That is why native
//! functions are made before the image is taken, and why buffers are copied into the heap ([`super::native`]).

use std::cell::UnsafeCell;
use std::ptr;
use std::rc::Rc;

use rquickjs::allocator::Allocator;

/// Bytes in front of each block: the number of bytes that its user may use.
const HEAD: usize = 8;

/// Sizes of blocks are multiples of this. The engine carves its small objects out of blocks of 4 KiB by itself, so
/// blocks are few and finer steps would save nothing.
const STEP: usize = 512;

/// Blocks of up to so many steps are kept by size when they are freed; larger ones are the system's.
const STEPS: usize = 16;

/// Bytes of the first region, which the image lies in. Pages that nobody touches cost nothing.
const FIRST: usize = 4 << 20;

/// Bytes of each further region.
const REGION: usize = 1 << 20;

/// Further regions that stay for the next job. Handing pages back to the system and faulting them in again costs
/// more than most jobs.
const KEPT_REGIONS: usize = 12;

/// A heap; clones are the same one.
#[derive(Clone)]
pub(super) struct Heap(Rc<UnsafeCell<State>>);

/// Everything about the heap that lies outside of it.
struct State {
    regions: Vec<Region>,
    /// The region that blocks are carved from.
    current: usize,
    place: Place,
    /// Blocks of the system, each with a link to it and its place in this list.
    large: Vec<*mut Large>,
    image: Option<Image>,
}

/// Where the next block comes from.
#[derive(Clone)]
struct Place {
    next: *mut u8,
    end: *mut u8,
    /// Freed blocks by size, linked through their first bytes.
    free: [*mut u8; STEPS + 1],
}

struct Region {
    start: *mut u8,
    length: usize,
}

/// What the first region held when the image was taken.
struct Image {
    bytes: Vec<u8>,
    place: Place,
}

/// In front of a block of the system.
#[repr(C)]
struct Large {
    /// Its position in the list of such blocks.
    index: usize,
    /// As in front of every block.
    size: usize,
}

impl Heap {
    /// An empty heap; `None` without memory for its first region.
    pub(super) fn new() -> Option<Heap> {
        let first = Region::new(FIRST)?;
        let place = Place {
            next: first.start,
            end: first.start.wrapping_add(first.length),
            free: [ptr::null_mut(); STEPS + 1],
        };
        let state = State { regions: vec![first], current: 0, place, large: Vec::new(), image: None };
        Some(Heap(Rc::new(UnsafeCell::new(state))))
    }

    /// Remembers what the heap holds now.
    ///
    /// # Panics
    /// When it holds more than the first region has room for, which depends on this build alone.
    pub(super) fn take_image(&self) {
        // SAFETY: one thread, and no other reference lives: those of the allocator end with each of its calls.
        let state = unsafe { &mut *self.0.get() };
        assert!(state.current == 0 && state.large.is_empty(), "the engine fits the first region");
        let first = &state.regions[0];
        let length = state.place.next as usize - first.start as usize;
        // SAFETY: blocks up to `next` were carved from the region, which is zeroed from the start.
        let bytes = unsafe { std::slice::from_raw_parts(first.start, length) }.to_vec();
        state.image = Some(Image { bytes, place: state.place.clone() });
    }

    /// Puts back what the heap held when the image was taken.
    ///
    /// # Safety
    /// Nothing outside may refer to anything that was made or changed in the heap since the image was taken.
    pub(super) unsafe fn restore(&self) {
        // SAFETY: as in `take_image`.
        let state = unsafe { &mut *self.0.get() };
        for block in state.large.drain(..) {
            // SAFETY: blocks of the system are in the list from their making to their end.
            unsafe { libc::free(block.cast()) };
        }
        for region in state.regions.drain((1 + KEPT_REGIONS).min(state.regions.len())..) {
            // SAFETY: the region is the system's, and the caller says that nobody uses its blocks.
            unsafe { libc::free(region.start.cast()) };
        }
        let Some(image) = &state.image else { return };
        state.place = image.place.clone();
        state.current = 0;
        // SAFETY: the image was taken from the start of this region and is no longer than it.
        unsafe { ptr::copy_nonoverlapping(image.bytes.as_ptr(), state.regions[0].start, image.bytes.len()) };
    }

    #[cfg(test)]
    fn image_bytes(&self) -> usize {
        // SAFETY: as in `take_image`.
        unsafe { &*self.0.get() }.image.as_ref().map_or(0, |image| image.bytes.len())
    }
}

impl Region {
    fn new(length: usize) -> Option<Region> {
        // Zeroed, so that an image reads no byte that nobody wrote. The system gives fresh pages, which are.
        // SAFETY: plain numbers.
        let start = unsafe { libc::calloc(1, length) }.cast::<u8>();
        (!start.is_null()).then_some(Region { start, length })
    }
}

impl State {
    fn take(&mut self, size: usize) -> *mut u8 {
        let Some(steps) = size.checked_add(HEAD).map(|bytes| bytes.div_ceil(STEP)) else { return ptr::null_mut() };
        // The image holds all there is when it is taken, large blocks, too.
        if steps > STEPS && self.image.is_some() {
            return self.take_large(size);
        }
        if let Some(free) = self.place.free.get_mut(steps)
            && !free.is_null()
        {
            let block = *free;
            // SAFETY: a freed block begins with the link to the next one of its size.
            *free = unsafe { block.cast::<*mut u8>().read() };
            return block;
        }
        let bytes = steps * STEP;
        if (self.place.end as usize) - (self.place.next as usize) < bytes && !self.next_region() {
            return ptr::null_mut();
        }
        // SAFETY: the region has room for the block; its head lies in front of what the user gets.
        unsafe {
            let start = self.place.next;
            self.place.next = start.add(bytes);
            start.cast::<usize>().write(bytes - HEAD);
            start.add(HEAD)
        }
    }

    fn next_region(&mut self) -> bool {
        // While the engine is made there is one region: an image has one piece.
        if self.image.is_none() {
            return false;
        }
        if self.current + 1 == self.regions.len() {
            let Some(region) = Region::new(REGION) else { return false };
            self.regions.push(region);
        }
        self.current += 1;
        let region = &self.regions[self.current];
        self.place.next = region.start;
        self.place.end = region.start.wrapping_add(region.length);
        true
    }

    fn take_large(&mut self, size: usize) -> *mut u8 {
        let Some(bytes) = size.checked_add(size_of::<Large>()) else { return ptr::null_mut() };
        // SAFETY: a plain number.
        let block = unsafe { libc::malloc(bytes) }.cast::<Large>();
        if block.is_null() {
            return ptr::null_mut();
        }
        // SAFETY: the block is new and has room for its head.
        unsafe { block.write(Large { index: self.large.len(), size }) };
        self.large.push(block);
        // SAFETY: what follows the head is the user's.
        unsafe { block.add(1).cast() }
    }

    /// The head of a block of the system; `None` for one that was carved from a region.
    ///
    /// # Safety
    /// `user` must be a block of this heap.
    unsafe fn large(&self, user: *mut u8) -> Option<*mut Large> {
        // SAFETY: every block has its size in front.
        let size = unsafe { Heap::usable_size(user) };
        let first = &self.regions[0];
        let carved =
            size + HEAD <= STEPS * STEP || (first.start..first.start.wrapping_add(first.length)).contains(&user);
        // SAFETY: blocks that are not carved begin with this head.
        (!carved).then(|| unsafe { user.cast::<Large>().sub(1) })
    }

    /// # Safety
    /// `user` must be a block of this heap that is not used afterwards.
    unsafe fn give_back(&mut self, user: *mut u8) {
        // SAFETY: the caller's word.
        if let Some(block) = unsafe { self.large(user) } {
            // SAFETY: the head is there, and the list holds the block at that index.
            let index = unsafe { (*block).index };
            self.large.swap_remove(index);
            if let Some(moved) = self.large.get(index) {
                // SAFETY: blocks in the list are alive.
                unsafe { (**moved).index = index };
            }
            // SAFETY: it came from `malloc` and is in no list any more.
            unsafe { libc::free(block.cast()) };
            return;
        }
        // SAFETY: every block has its size in front.
        let steps = (unsafe { Heap::usable_size(user) } + HEAD) / STEP;
        // Larger blocks of the image come back when the image is put back.
        if let Some(free) = self.place.free.get_mut(steps) {
            // SAFETY: the block is free and has room for the link.
            unsafe { user.cast::<*mut u8>().write(*free) };
            *free = user;
        }
    }

    /// # Safety
    /// `user` must be a block of this heap; it is not used afterwards unless the answer is null.
    unsafe fn resize(&mut self, user: *mut u8, size: usize) -> *mut u8 {
        // SAFETY: every block has its size in front.
        let old = unsafe { Heap::usable_size(user) };
        // SAFETY: the caller's word.
        let large = unsafe { self.large(user) };
        if large.is_none() && size <= old {
            return user;
        }
        if let Some(block) = large
            && size > STEPS * STEP
        {
            let Some(bytes) = size.checked_add(size_of::<Large>()) else { return ptr::null_mut() };
            // SAFETY: the block came from `malloc`; where it moves to is written to the list.
            unsafe {
                let block = libc::realloc(block.cast(), bytes).cast::<Large>();
                if block.is_null() {
                    return ptr::null_mut();
                }
                (*block).size = size;
                self.large[(*block).index] = block;
                return block.add(1).cast();
            }
        }
        let new = self.take(size);
        if !new.is_null() {
            // SAFETY: both blocks have so many bytes, and a new block is no part of an old one.
            unsafe {
                ptr::copy_nonoverlapping(user, new, old.min(size));
                self.give_back(user);
            }
        }
        new
    }
}

// SAFETY: blocks are at least as long as asked for, 8 bytes after a multiple of 16, and tell their length.
unsafe impl Allocator for Heap {
    fn alloc(&mut self, size: usize) -> *mut u8 {
        // SAFETY: one thread, and no other reference lives.
        unsafe { &mut *self.0.get() }.take(size)
    }

    fn calloc(&mut self, count: usize, size: usize) -> *mut u8 {
        let Some(bytes) = count.checked_mul(size) else { return ptr::null_mut() };
        let block = self.alloc(bytes);
        if !block.is_null() {
            // SAFETY: the block has so many bytes.
            unsafe { ptr::write_bytes(block, 0, bytes) };
        }
        block
    }

    unsafe fn dealloc(&mut self, block: *mut u8) {
        // SAFETY: one thread, no other reference lives; the block is the caller's word.
        unsafe { (*self.0.get()).give_back(block) };
    }

    unsafe fn realloc(&mut self, block: *mut u8, size: usize) -> *mut u8 {
        if block.is_null() {
            return self.alloc(size);
        }
        // SAFETY: as in `dealloc`.
        unsafe { (*self.0.get()).resize(block, size) }
    }

    unsafe fn usable_size(block: *mut u8) -> usize {
        // SAFETY: every block has its size in front.
        unsafe { block.sub(HEAD).cast::<usize>().read() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fills a block with a pattern that follows from its number.
    fn fill(block: *mut u8, size: usize, number: usize) {
        // SAFETY: the block has so many bytes.
        unsafe { ptr::write_bytes(block, number as u8, size) };
    }

    fn holds(block: *mut u8, size: usize, number: usize) -> bool {
        // SAFETY: the block was filled over that length.
        unsafe { std::slice::from_raw_parts(block, size) }.iter().all(|byte| *byte == number as u8)
    }

    #[test]
    fn blocks_do_not_overlap_however_they_are_taken_and_given_back() {
        let mut heap = Heap::new().unwrap();
        fill(heap.alloc(100), 100, 9);
        heap.take_image();
        let mut state = 0x2545_F491_4F6C_DD1Du64;
        let mut random = move |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % below as u64) as usize
        };
        for _ in 0..3 {
            let mut blocks: Vec<(*mut u8, usize, usize)> = Vec::new();
            for number in 0..4_000 {
                let most = [600, 5_000, 40_000][random(3)];
                let size = 1 + random(most);
                match random(3) {
                    0 if !blocks.is_empty() => {
                        let (block, size, number) = blocks.swap_remove(random(blocks.len()));
                        assert!(holds(block, size, number));
                        // SAFETY: the block is not used any more.
                        unsafe { heap.dealloc(block) };
                    }
                    1 if !blocks.is_empty() => {
                        let at = random(blocks.len());
                        let (block, old, number) = blocks[at];
                        // SAFETY: the block is replaced by what comes back.
                        let block = unsafe { heap.realloc(block, size) };
                        assert!(holds(block, old.min(size), number));
                        fill(block, size, number);
                        blocks[at] = (block, size, number);
                    }
                    _ if blocks.len() < 500 => {
                        let block = heap.alloc(size);
                        assert_eq!(block as usize % 8, 0);
                        // SAFETY: the block is one of this heap.
                        assert!(unsafe { Heap::usable_size(block) } >= size);
                        fill(block, size, number);
                        blocks.push((block, size, number));
                    }
                    _ => {}
                }
            }
            assert!(blocks.iter().all(|(block, size, number)| holds(*block, *size, *number)));
            // SAFETY: no block is used any more.
            unsafe { heap.restore() };
        }
    }

    #[test]
    fn what_was_there_comes_back_and_what_came_later_is_gone() {
        let mut heap = Heap::new().unwrap();
        let (small, big) = (heap.alloc(40), heap.alloc(100_000));
        fill(small, 40, 1);
        fill(big, 100_000, 2);
        heap.take_image();
        assert!(heap.image_bytes() > 100_000);
        let mut places = Vec::new();
        for _ in 0..3 {
            let later = heap.alloc(3_000);
            places.push(later);
            fill(later, 3_000, 3);
            fill(small, 40, 4);
            // SAFETY: what came in place of the large block is not used after the image is back.
            let moved = unsafe { heap.realloc(big, 300_000) };
            assert!(holds(moved, 100_000, 2));
            fill(big, 100_000, 5);
            // SAFETY: as above.
            unsafe { heap.restore() };
            assert!(holds(small, 40, 1) && holds(big, 100_000, 2));
        }
        assert!(places.iter().all(|place| *place == places[0]), "each job finds the same heap");
    }

    #[test]
    fn sizes_that_no_memory_has_are_refused() {
        let mut heap = Heap::new().unwrap();
        heap.take_image();
        assert!(heap.alloc(usize::MAX - 4).is_null() && heap.calloc(usize::MAX, 2).is_null());
        assert!(heap.alloc(1 << 60).is_null());
    }
}
