fn storage() -> Option<web_sys::Storage> {
    super::window().local_storage().ok().flatten()
}

/// What was kept under a name, on this device.
#[must_use]
pub fn load(name: &str) -> Option<String> {
    storage()?.get_item(name).ok().flatten()
}

/// Keeps a text on this device. A browser that keeps nothing forgets it with the page.
pub fn keep(name: &str, text: &str) {
    if let Some(storage) = storage() {
        let _ = storage.set_item(name, text);
    }
}

pub fn forget(name: &str) {
    if let Some(storage) = storage() {
        let _ = storage.remove_item(name);
    }
}

/// Forgets all that was kept under names that begin so.
pub fn forget_all(prefix: &str) {
    names(prefix).iter().for_each(|name| forget(name));
}

/// All that was kept under names that begin so, with the names.
#[must_use]
pub fn load_all(prefix: &str) -> Vec<(String, String)> {
    names(prefix).into_iter().filter_map(|name| Some((name.clone(), load(&name)?))).collect()
}

fn names(prefix: &str) -> Vec<String> {
    let Some(storage) = storage() else { return Vec::new() };
    let names = (0..storage.length().unwrap_or(0)).filter_map(|index| storage.key(index).ok().flatten());
    names.filter(|name| name.starts_with(prefix)).collect()
}
