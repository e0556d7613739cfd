//! Elements by their ids: focus, scrolling, sizes, and style variables, which the page's policy lets only scripts set.

use std::cell::RefCell;
use std::collections::HashMap;

use js_sys::Reflect;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{
    Element, Event, HtmlDialogElement, HtmlElement, HtmlInputElement, HtmlMediaElement, HtmlTextAreaElement,
};

use super::super::Scroll;
use super::document;

thread_local! {
    /// What had the focus before a dialog took it.
    static RETURN_FOCUS: RefCell<HashMap<String, HtmlElement>> = RefCell::new(HashMap::new());
    static KEEPS_PLACE: bool = keeps_place();
}

fn element<T: JsCast>(id: &str) -> Option<T> {
    document().get_element_by_id(id)?.dyn_into().ok()
}

pub fn focus(id: &str) {
    if let Some(element) = element::<HtmlElement>(id) {
        let _ = element.focus();
    }
}

pub fn select_text(id: &str) {
    if let Some(input) = element::<HtmlInputElement>(id) {
        let _ = input.focus();
        input.select();
    }
}

/// Puts the caret behind the text.
pub fn set_caret_end(id: &str) {
    if let Some(area) = element::<HtmlTextAreaElement>(id) {
        let _ = area.focus();
        let end = u32::try_from(area.value().encode_utf16().count()).unwrap_or(u32::MAX);
        let _ = area.set_selection_range(end, end);
    }
}

pub fn set_variable(id: &str, name: &str, value: &str) {
    if let Some(element) = element::<HtmlElement>(id) {
        let _ = element.style().set_property(name, value);
    }
}

/// Lets a text area be as high as its text.
pub fn grow(id: &str) {
    if let Some(area) = element::<HtmlElement>(id) {
        let _ = area.style().set_property("height", "auto");
        let _ = area.style().set_property("height", &format!("{}px", area.scroll_height()));
    }
}

/// Opens a modal dialog, which keeps the focus inside.
pub fn show_dialog(id: &str) {
    let Some(dialog) = element::<HtmlDialogElement>(id) else { return };
    keep_focus(id);
    let _ = dialog.show_modal();
    // A browser that is asked to close it often does so without asking the page first; the page hears of it all the same.
    let closed = dialog.clone();
    let listener = Closure::<dyn FnMut()>::new(move || {
        if let Ok(event) = Event::new("cancel") {
            let _ = closed.dispatch_event(&event);
        }
    });
    dialog.set_onclose(Some(listener.into_js_value().unchecked_ref()));
}

fn keep_focus(id: &str) {
    if let Some(active) = document().active_element().and_then(|active| active.dyn_into().ok()) {
        RETURN_FOCUS.with_borrow_mut(|kept| kept.insert(id.to_owned(), active));
    }
}

/// Moves the focus into a box, until [`leave_box`].
pub fn enter_box(id: &str) {
    keep_focus(id);
    focus(id);
}

/// Gives the focus back, unless it is elsewhere by now.
pub fn leave_box(id: &str) {
    let Some(before) = RETURN_FOCUS.with_borrow_mut(|kept| kept.remove(id)) else { return };
    let active = document().active_element();
    let is_inside = element::<Element>(id).is_some_and(|shown| shown.contains(active.as_deref()));
    if is_inside || active.is_none_or(|active| active.tag_name() == "BODY") {
        let _ = before.focus();
    }
}

/// Closes it and gives the focus back.
pub fn close_dialog(id: &str) {
    if let Some(dialog) = element::<HtmlDialogElement>(id) {
        dialog.set_onclose(None);
        dialog.close();
    }
    if let Some(before) = RETURN_FOCUS.with_borrow_mut(|kept| kept.remove(id)) {
        let _ = before.focus();
    }
}

#[must_use]
pub fn element_scroll(id: &str) -> Option<Scroll> {
    let element = element::<Element>(id)?;
    Some(Scroll {
        top: f64::from(element.scroll_top()),
        height: f64::from(element.scroll_height()),
        view: f64::from(element.client_height()),
    })
}

/// Whether the end of a scrolled box is in view, give or take a line.
#[must_use]
pub fn end_is_visible(id: &str) -> bool {
    element_scroll(id).is_none_or(|scroll| scroll.below() < 60.0)
}

pub fn scroll_to_end(id: &str) {
    if let Some(element) = element::<Element>(id) {
        element.set_scroll_top(element.scroll_height());
    }
}

/// Scrolls until an element is in the middle.
pub fn scroll_to(id: &str) {
    if let Some(element) = element::<Element>(id) {
        let options = web_sys::ScrollIntoViewOptions::new();
        options.set_block(web_sys::ScrollLogicalPosition::Center);
        options.set_inline(web_sys::ScrollLogicalPosition::Center);
        element.scroll_into_view_with_scroll_into_view_options(&options);
    }
}

/// Scrolls no further than until an element is in view.
pub fn reveal(id: &str) {
    if let Some(element) = element::<Element>(id) {
        let options = web_sys::ScrollIntoViewOptions::new();
        options.set_block(web_sys::ScrollLogicalPosition::Nearest);
        element.scroll_into_view_with_scroll_into_view_options(&options);
    }
}

/// An element and where it stood in its scrolled box.
#[derive(Debug, Clone, PartialEq)]
pub struct Anchor {
    container: String,
    id: String,
    top: f64,
    /// The browser keeps it in its place by itself.
    is_kept: bool,
}

/// Browsers that keep what is looked at in its place do so without breaking off a scroll, but not at the very top.
fn keeps_place() -> bool {
    let ask = || -> Option<bool> {
        let css = Reflect::get(&super::window(), &"CSS".into()).ok()?;
        let supports: js_sys::Function = Reflect::get(&css, &"supports".into()).ok()?.dyn_into().ok()?;
        supports.call2(&css, &"overflow-anchor".into(), &"auto".into()).ok()?.as_bool()
    };
    ask().unwrap_or(false)
}

/// The first element in view that has an id, so that what loads above does not move it.
#[must_use]
pub fn anchor(container: &str) -> Option<Anchor> {
    let scrolled = element::<Element>(container)?;
    let edge = scrolled.get_bounding_client_rect().top();
    let is_kept = scrolled.scroll_top() > 0 && KEEPS_PLACE.with(|keeps| *keeps);
    let rows = scrolled.query_selector_all("[data-anchor]").ok()?;
    (0..rows.length()).find_map(|index| {
        let row = rows.item(index)?.dyn_into::<Element>().ok()?;
        let rectangle = row.get_bounding_client_rect();
        (rectangle.bottom() > edge).then(|| Anchor {
            container: container.to_owned(),
            id: row.id(),
            top: rectangle.top(),
            is_kept,
        })
    })
}

/// Scrolls so that the anchor stands where it stood.
pub fn restore(anchor: &Anchor) {
    if anchor.is_kept {
        return;
    }
    if let (Some(scrolled), Some(row)) = (element::<Element>(&anchor.container), element::<Element>(&anchor.id)) {
        let moved = row.get_bounding_client_rect().top() - anchor.top;
        #[expect(clippy::cast_possible_truncation, reason = "pixels")]
        scrolled.set_scroll_top(scrolled.scroll_top() + moved.round() as i32);
    }
}

/// Moves the focus among the elements marked `data-rove` of a list: by so many, or to the first or last. From outside
/// it enters at the end that it comes from.
pub fn rove(container: &str, step: isize) {
    let Some(list) = element::<Element>(container) else { return };
    let Ok(found) = list.query_selector_all("[data-rove]") else { return };
    let items: Vec<HtmlElement> = (0..found.length()).filter_map(|index| found.item(index)?.dyn_into().ok()).collect();
    if items.is_empty() {
        return;
    }
    let active = document().active_element();
    let at = items.iter().position(|item| active.as_ref().is_some_and(|active| item.contains(Some(active))));
    let last = items.len() - 1;
    let next = match at {
        _ if step == isize::MIN => 0,
        _ if step == isize::MAX => last,
        Some(at) => at.saturating_add_signed(step).min(last),
        None if step < 0 => last,
        None => 0,
    };
    for (index, item) in items.iter().enumerate() {
        item.set_tab_index(if index == next { 0 } else { -1 });
    }
    let _ = items[next].focus();
}

/// Shows nothing in a video element.
pub fn attach_nothing(id: &str) {
    if let Some(video) = element::<HtmlMediaElement>(id) {
        video.set_src_object(None);
    }
}
