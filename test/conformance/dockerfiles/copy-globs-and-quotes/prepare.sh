echo s > "a b"
