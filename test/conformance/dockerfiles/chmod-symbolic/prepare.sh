chmod 2664 f; chmod 750 d
