mkdir -p in/deep && echo one >in/one && echo two >in/deep/two && chmod 750 in/deep && ln -s one in/link
touch -d 2020-01-02T03:04:05Z in/one in/deep/two in/deep
tar -C in --owner=7:7 --group=8:8 -cf plain.tar .
tar -C in -czf packed.tar.gz one link
tar -C in -cJf squeezed.tar.xz deep
