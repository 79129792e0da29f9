mkdir -p tree/d && echo f >tree/f && echo g >tree/d/g
ln -s f tree/to-file && ln -s d tree/to-dir && ln -s /nowhere tree/broken
