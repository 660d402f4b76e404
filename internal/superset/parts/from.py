def operator_run(name, folder=os.path.dirname(os.path.abspath(__file__))):
    # As if the text of the file stood here.
    path = os.path.join(folder, name)
    with open(path, encoding="utf-8") as file:
        exec(compile(file.read(), path, "exec"), globals())
