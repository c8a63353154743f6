"""Markets on the ground and their stalls: static QRs, "enter amount", the sound page. Knows shops and payments."""
