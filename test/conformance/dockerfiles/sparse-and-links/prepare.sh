mkdir tree && truncate -s 5M tree/sparse && echo end >>tree/sparse
echo x >tree/one && ln tree/one tree/two && chmod 4755 tree/one && mkdir -m 1777 tree/sticky
