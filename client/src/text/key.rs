use super::{key_left, key_right};

/// What a key is called, of which `KeyboardEvent.code` is given.
#[must_use]
pub fn key_name(code: &str) -> String {
    for prefix in ["Key", "Digit"] {
        if let Some(name) = code.strip_prefix(prefix).filter(|name| !name.is_empty()) {
            return name.to_owned();
        }
    }
    let sides = [("Left", key_left as fn(&dyn std::fmt::Display) -> String), ("Right", key_right)];
    for (suffix, of_side) in sides {
        if let Some(name) = code.strip_suffix(suffix).filter(|name| ["Control", "Alt", "Shift", "Meta"].contains(name))
        {
            return of_side(&name.replace("Control", "Ctrl"));
        }
    }
    code.to_owned()
}

#[cfg(test)]
mod tests {
    use super::key_name;

    #[test]
    fn keys_are_called_what_is_printed_on_them() {
        let names = ["KeyT", "Digit1", "ControlRight", "AltLeft", "F8", "ArrowLeft"].map(key_name);
        assert_eq!(names, ["T", "1", "Right Ctrl", "Left Alt", "F8", "ArrowLeft"]);
    }
}
