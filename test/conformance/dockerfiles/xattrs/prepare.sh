mkdir tree && echo x >tree/file && setfattr -n user.kind -v value tree/file || true
