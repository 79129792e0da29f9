mkdir -p in/d/e; echo a > in/f; ln in/f in/h; ln -s f in/l; ln -s /etc in/abs; mkfifo in/ff; chmod 4755 in/f; touch -d 2005-05-05T00:00:00Z in/f in/d; echo b > in/d/e/x
tar -C in --owner=7 --group=8 -cf t.tar .; gzip -k t.tar; tar -C in -cJf t2.tar.xz d; bzip2 -k t.tar; printf '' | gzip > empty.gz; echo PK > t.zip; rm -r in
